#include "engine/pattern_engine.hpp"

#include <chrono>

namespace wae {

PatternEngine::PatternEngine(Loader loader) : loader_(std::move(loader)), thread_([this] { run(); }) {}

PatternEngine::~PatternEngine() {
  quit();
  join();
  delete inbox_.load();
  PatternReport* report;
  while (reports_.pop(report)) delete report;
}

void PatternEngine::load(const std::string& path) {
  Request request;
  request.path = path;
  post(std::move(request));
}

void PatternEngine::render(std::vector<float> values) {
  Request request;
  request.values = std::move(values);
  post(std::move(request));
}

void PatternEngine::describe() {
  Request request;
  request.describe = true;
  post(std::move(request));
}

void PatternEngine::refuse(const std::string& why) {
  collect();
  PatternReport report;
  report.text = why;
  collected_.push_back(std::move(report));
}

// What the worker has not taken comes back, and is merged with what is new. Only this thread ever puts a request in, so
// the inbox stays empty in between.
void PatternEngine::post(Request request) {
  const std::unique_ptr<Request> waiting(inbox_.exchange(nullptr, std::memory_order_acq_rel));
  if (waiting) {
    if (!request.path) request.path = std::move(waiting->path);
    if (!request.values) request.values = std::move(waiting->values);
    request.describe = request.describe || waiting->describe;
  } else {
    pending_.fetch_add(1, std::memory_order_relaxed);
  }
  inbox_.store(new Request(std::move(request)), std::memory_order_release);
  wake_.post();
}

void PatternEngine::collect() {
  PatternReport* report;
  while (reports_.pop(report)) {
    collected_.push_back(std::move(*report));
    delete report;
  }
}

// Pending first: what the worker reports before it counts down is then in the ring for certain.
bool PatternEngine::busy() const {
  return pending_.load(std::memory_order_acquire) > 0 || !collected_.empty() || !reports_.empty();
}

bool PatternEngine::next(PatternReport& report) {
  collect();
  if (collected_.empty()) return false;
  report = std::move(collected_.front());
  collected_.pop_front();
  return true;
}

void PatternEngine::wait() {
  while (pending_.load(std::memory_order_acquire) > 0) {
    collect();
    sleep_microseconds(100);
  }
  collect();
}

void PatternEngine::quit() {
  quit_.store(true, std::memory_order_release);
  wake_.post();
}

void PatternEngine::join() {
  if (thread_.joinable()) thread_.join();
}

void PatternEngine::run() {
  calm_this_thread();
  while (!quit_.load(std::memory_order_acquire)) {
    wake_.wait();
    const std::unique_ptr<Request> request(inbox_.exchange(nullptr, std::memory_order_acq_rel));
    if (!request) continue;
    serve(*request);
    pending_.fetch_sub(1, std::memory_order_release);
  }
  pattern_.reset();  // here and not by the host's thread: taking a network apart takes time
  finished_.store(true, std::memory_order_release);
}

void PatternEngine::serve(const Request& request) {
  if (request.path) load_now(*request.path);
  if (request.describe) {
    PatternReport report;
    report.kind = PatternReport::Kind::described;
    report.info = described_;
    send(std::move(report));
  }
  if (request.values) render_now(*request.values);
}

void PatternEngine::load_now(const std::string& path) {
  PatternReport report;
  try {
    pattern_ = loader_(path);
    described_ = std::make_shared<PatternInfo>(pattern_->info());
    report.kind = PatternReport::Kind::loaded;
    report.text = path;
    report.info = described_;
  } catch (const std::exception& error) {
    report.text = path + ": " + error.what();
  }
  send(std::move(report));
}

void PatternEngine::render_now(const std::vector<float>& values) {
  PatternReport report;
  try {
    if (!pattern_) throw ModelError("no file is loaded");
    const auto begun = std::chrono::steady_clock::now();
    report.rows = pattern_->events(clipped(values, *described_));
    report.ms = std::chrono::duration<float, std::milli>(std::chrono::steady_clock::now() - begun).count();
    report.kind = PatternReport::Kind::events;
    report.info = described_;
  } catch (const std::exception& error) {
    report.text = error.what();
  }
  send(std::move(report));
}

// The reader may be slow (a stopped Pd); this thread can wait, it is no audio thread.
void PatternEngine::send(PatternReport report) {
  auto owned = std::make_unique<PatternReport>(std::move(report));
  while (!quit_.load(std::memory_order_acquire)) {
    if (reports_.push(owned.get())) {
      owned.release();
      return;
    }
    sleep_microseconds(1000);
  }
}

}  // namespace wae
