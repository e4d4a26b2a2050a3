#include "engine/worker.hpp"

#include <algorithm>
#include <cmath>

namespace wae {
namespace {

constexpr float kUnshiftedPitch = 60;   // where an unpitched model plays as it was made
constexpr size_t kMostResamplers = 24;  // two octaves of semitones

std::vector<float> controls_of(const Job& job, const ModelInfo& info) {
  const int most = static_cast<int>(info.controls.size());
  if (job.count > most)
    throw ModelError("expected at most " + std::to_string(most) + " values, got " +
                     std::to_string(job.count));
  std::vector<float> controls;
  for (const Control& control : info.controls) controls.push_back(control.initial);
  std::copy(job.values, job.values + job.count, controls.begin());
  if (job.has_pitch && info.pitch >= 0) controls[info.pitch] = job.pitch;
  for (size_t i = 0; job.clip && i < controls.size(); ++i)
    controls[i] = std::clamp(controls[i], info.controls[i].min, info.controls[i].max);
  return controls;
}

double step_of(const Job& job, const ModelInfo& info) {
  double step = info.sample_rate / job.rate;
  const float pitch = job.clip ? std::clamp(job.pitch, 0.f, 127.f) : job.pitch;
  if (job.has_pitch && info.pitch < 0) step *= std::exp2((pitch - kUnshiftedPitch) / 12);
  if (!(step >= 1.0 / 64 && step <= 64))
    throw ModelError("expected a pitch and rate within 6 octaves of the model's, got a ratio of " +
                     std::to_string(step));
  return step;
}

float milliseconds_since(Clock::time_point then) {
  return std::chrono::duration<float, std::milli>(Clock::now() - then).count();
}

}  // namespace

Worker::Worker(Loader loader) : loader_(std::move(loader)), thread_([this] { run(); }) {}

Worker::~Worker() {
  quit();
  join();
  Job job;
  while (jobs_.pop(job)) delete job.path;
  Event event;
  while (events_.pop(event)) delete event.news;
}

bool Worker::submit(const Job& job) {
  pending_.fetch_add(1, std::memory_order_relaxed);
  if (job.kind == Job::Kind::load) newest_load_.store(job.id, std::memory_order_relaxed);
  if (!jobs_.push(job)) {
    pending_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  wake_.post();
  return true;
}

void Worker::quit() {
  quit_.store(true, std::memory_order_release);
  wake_.post();
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::run() {
  calm_this_thread();
  while (!quit_.load(std::memory_order_acquire)) {
    wake_.wait();
    work();
  }
  abandon();
  finished_.store(true, std::memory_order_release);
}

// A note that waits is opened before any goes on, so that a chord's first chunks come before any second one. No more
// than one at a time: where notes come faster than they can be opened, the worker would do nothing else.
void Worker::work() {
  while (!quit_.load(std::memory_order_acquire)) {
    const bool taken = take();
    if (!sessions_.empty())
      advance_one();
    else if (!taken)
      return;
  }
}

bool Worker::take() {
  Job job;
  if (!jobs_.pop(job)) return false;
  if (job.kind == Job::Kind::note) {
    begin(job);
    return true;
  }
  if (job.kind == Job::Kind::load && job.id != newest_load_.load(std::memory_order_relaxed)) {
    Event event;
    event.kind = Event::Kind::refused;
    event.news = new News{*job.path + ": skipped, as another file was asked for", nullptr};
    delete job.path;
    send(event);
    pending_.fetch_sub(1, std::memory_order_release);
    return true;
  }
  while (!sessions_.empty() && !quit_.load(std::memory_order_acquire)) advance_one();
  if (job.kind == Job::Kind::load)
    load(job);
  else
    describe(job);
  return true;
}

void Worker::load(const Job& job) {
  const std::unique_ptr<std::string> path(job.path);
  Event event;
  auto news = std::make_unique<News>();
  try {
    model_ = loader_(*path);
    event.kind = Event::Kind::loaded;
    news->info = std::make_shared<ModelInfo>(model_->info());
    news->text = *path;
  } catch (const std::exception& error) {
    event.kind = Event::Kind::refused;
    news->text = *path + ": " + error.what();
  }
  event.news = news.release();
  send(event);
  pending_.fetch_sub(1, std::memory_order_release);
}

void Worker::describe(const Job&) {
  Event event;
  event.kind = Event::Kind::described;
  event.news = new News{"", model_ ? std::make_shared<ModelInfo>(model_->info()) : nullptr};
  send(event);
  pending_.fetch_sub(1, std::memory_order_release);
}

Worker::Session Worker::open(const Job& job) {
  if (!model_) throw ModelError("no model is loaded");
  const ModelInfo& info = model_->info();
  const std::vector<float> controls = controls_of(job, info);
  Session session;
  session.job = job;
  session.model = model_;
  session.resampler = resampler(step_of(job, info));
  session.raw.resize(info.samples);
  job.voice->buffer.resize(session.resampler->outputs(info.samples));
  session.rendering = model_->begin(controls);
  return session;
}

void Worker::begin(const Job& job) {
  job.voice->begun.store(true, std::memory_order_relaxed);
  if (job.voice->cancel.load(std::memory_order_relaxed)) return close(job);
  try {
    sessions_.push_back(open(job));
  } catch (const std::exception& error) {
    fail(job, error.what());
  }
}

// The note with the least sound in hand comes first.
void Worker::advance_one() {
  const auto least =
      std::min_element(sessions_.begin(), sessions_.end(),
                       [](const Session& a, const Session& b) { return a.announced < b.announced; });
  bool over = least->job.voice->cancel.load(std::memory_order_relaxed);
  try {
    if (!over) advance(*least);
    over = over || least->rendered == least->model->info().samples;
    if (over) close(least->job);
  } catch (const std::exception& error) {
    fail(least->job, error.what());
    over = true;
  }
  if (over) sessions_.erase(least);
}

void Worker::advance(Session& session) {
  const int samples = session.model->info().samples;
  const int first = session.rendered;
  session.rendered += session.rendering->next(session.raw.data() + first);
  if (const float gain = session.model->info().gain; session.job.level && gain != 1)
    for (int i = first; i < session.rendered; ++i) session.raw[i] *= gain;
  Voice& voice = *session.job.voice;
  const int ready = session.resampler->ready(session.rendered, samples);
  if (ready <= session.announced) return;
  session.resampler->run(session.raw.data(), samples, voice.buffer.data(), session.announced, ready);
  if (session.announced == 0) {
    Event event;
    event.voice = &voice;
    event.id = session.job.id;
    event.ms = milliseconds_since(session.job.asked);
    send(event);
  }
  session.announced = ready;
  voice.available.store(ready, std::memory_order_release);
}

// The buffer goes back; the last thing the worker does with a voice.
void Worker::close(const Job& job) {
  job.voice->complete.store(true, std::memory_order_release);
  pending_.fetch_sub(1, std::memory_order_release);
}

void Worker::fail(const Job& job, const std::string& why) {
  Event event;
  event.kind = Event::Kind::failed;
  event.voice = job.voice;
  event.id = job.id;
  event.news = new News{why, nullptr};
  send(event);
  close(job);
}

// The reader may be slow (a stopped Pd); the worker can wait, it is no audio thread.
void Worker::send(const Event& event) {
  while (!events_.push(event)) {
    if (quit_.load(std::memory_order_acquire)) {
      delete event.news;
      return;
    }
    sleep_microseconds(1000);
  }
}

// The model is dropped here and not by the Pd thread: taking a network apart takes time.
void Worker::abandon() {
  sessions_.clear();
  resamplers_.clear();
  model_.reset();
}

std::shared_ptr<const Resampler> Worker::resampler(double step) {
  auto& found = resamplers_[step];
  if (!found) {
    found = std::make_shared<Resampler>(step);
    if (resamplers_.size() > kMostResamplers) {
      auto kept = found;
      resamplers_.clear();
      return resamplers_[step] = kept;
    }
  }
  return found;
}

}  // namespace wae
