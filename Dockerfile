# The environment of this project, from the same frozen versions as everywhere else (constraints.txt).
#
#   docker build -t latentsampler .                        everything that the tests need
#   docker build --build-arg EXTRAS= -t latentsampler .    only what training and playing need
#   docker run --rm -v "$PWD/out:/out" latentsampler .venv/bin/python code/main.py demo --out /out
FROM python:3.11-slim-bookworm

SHELL ["/bin/bash", "-o", "pipefail", "-c"]

# git: records name the commit that made them; the rest is SYSTEM of the Makefile. Without versions, because a Debian
# mirror keeps only the latest of a release, and a pin would fail at the next update.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        cmake \
        fluid-soundfont-gm \
        g++ \
        git \
        make \
        nlohmann-json3-dev \
        puredata-core \
        puredata-dev \
        zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /latentsampler

# first what the environment is made from, so that a change of the code does not install it again
COPY pyproject.toml constraints.txt setup.sh README.md LICENSE ./
COPY code/latentsampler/__init__.py code/latentsampler/__init__.py
ARG EXTRAS=test
RUN ./setup.sh "$EXTRAS"

COPY . .
CMD [".venv/bin/python", "code/main.py", "--help"]
