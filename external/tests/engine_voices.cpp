// The life of a voice: when it starts, how it ends, who is stolen.
#include "tests/check.hpp"
#include "tests/fake_model.hpp"

using fake::note;
using fake::Options;
using fake::Stage;
using Kind = wae::Report::Kind;

namespace {

Options ramp() {
  Options options;
  options.slope = 0.001f;
  return options;
}

void a_note_starts_on_its_sample_for_any_block_size() {
  for (const int n : {1, 16, 64, 100, 4096}) {
    Stage stage(ramp());
    stage.engine.play(note(1), 37);
    const auto out = stage.blocks(2000, n);
    CHECK_EQUAL(out[36], 0.f);
    for (int i = 0; i < 1000; ++i) CHECK_NEAR(out[37 + i], 1 + 0.001f * i, 1e-6);
    CHECK_EQUAL(out[1037], 0.f);
  }
}

void latency_moves_the_start_by_exactly_that_much() {
  Stage stage(Options{});
  stage.engine.set_latency(10);  // 441 samples
  stage.engine.play(note(1), 5);
  const auto out = stage.blocks(600);
  CHECK_EQUAL(out[445], 0.f);
  CHECK_EQUAL(out[446], 1.f);
  CHECK_EQUAL(stage.engine.stats().late, 0);
}

void voices_add_up() {
  Stage stage(Options{});
  for (int i = 0; i < 5; ++i) stage.engine.play(note(1.f), 10 * i);
  const auto out = stage.blocks(64);
  CHECK_EQUAL(out[5], 1.f);
  CHECK_EQUAL(out[45], 5.f);
}

void ids_count_from_one_and_every_note_is_reported_twice() {
  Stage stage(Options{});
  CHECK_EQUAL(stage.engine.play(note(1)), 1);
  CHECK_EQUAL(stage.engine.play(note(1)), 2);
  stage.block();
  CHECK_EQUAL(stage.ids(Kind::ready), "1 2");
  stage.blocks(1100);
  CHECK_EQUAL(stage.ids(Kind::done), "1 2");
  CHECK(!stage.engine.busy());
}

void the_oldest_is_stolen_and_fades() {
  Stage stage(Options{}, 2);
  stage.engine.play(note(1));
  stage.engine.play(note(10));
  stage.block();
  stage.engine.play(note(100));
  const auto out = stage.blocks(320);
  CHECK_NEAR(out[0], 111, 1e-4);      // the fade begins at one
  CHECK_NEAR(out[110], 110.5, 0.01);  // 5 ms are 220.5 samples
  CHECK_NEAR(out[221], 110, 1e-4);
  CHECK_EQUAL(stage.engine.stats().stolen, 1);
  CHECK_EQUAL(stage.ids(Kind::done), "1");
}

void the_quietest_is_stolen_when_asked() {
  Stage stage(Options{}, 2);
  stage.engine.set_steal(wae::Steal::quietest);
  stage.engine.play(note(10));
  stage.engine.play(note(1));
  stage.block();
  stage.engine.play(note(100));
  stage.blocks(300);
  CHECK_EQUAL(stage.ids(Kind::done), "2");
}

void nothing_is_stolen_when_forbidden() {
  Stage stage(Options{}, 1);
  stage.engine.set_steal(wae::Steal::none);
  stage.engine.play(note(1));
  stage.engine.play(note(1));
  CHECK_EQUAL(stage.ids(Kind::dropped), "2:no free voice");
}

void a_burst_never_sounds_more_voices_than_allowed() {
  Stage stage(Options{}, 4);
  for (int i = 0; i < 100; ++i) stage.engine.play(note(1));
  const auto out = stage.blocks(2000);
  for (const float sample : out) CHECK(sample <= 4.0001f);
  const auto stats = stage.engine.stats();
  stage.reports();
  CHECK_EQUAL(stats.triggered, 100);
  CHECK_EQUAL(stage.engine.stats().done + stats.dropped, 100);
  CHECK(!stage.engine.busy());
}

void stop_fades_linearly_from_its_sample() {
  Stage stage(Options{});
  stage.engine.set_fade(10);  // 441 samples
  stage.engine.play(note(1));
  stage.block();
  stage.engine.stop(0, 20);
  const auto out = stage.blocks(600);
  CHECK_EQUAL(out[19], 1.f);
  CHECK_NEAR(out[20 + 220], 1 - 220 / 441.f, 1e-4);
  CHECK_EQUAL(out[20 + 441], 0.f);
  CHECK_EQUAL(stage.ids(Kind::done), "1");
}

void stop_of_an_id_spares_the_others() {
  Stage stage(Options{});
  stage.engine.play(note(1));
  stage.engine.play(note(10));
  stage.block();
  stage.engine.stop(2);
  const auto out = stage.blocks(950);
  CHECK_NEAR(out[930], 1, 1e-6);
}

// A fade of 2 ms, at 44.1 kHz 88 samples, from where the message came; also out of a longer fade.
void panic_fades_to_silence_in_2_ms_without_a_click() {
  for (const double fade_ms : {0.0, 500.0}) {
    Options options;
    options.samples = 44100;
    Stage stage(options);
    stage.engine.set_fade(fade_ms);
    stage.engine.play(note(1));
    stage.block();
    if (fade_ms > 0) stage.engine.stop();
    stage.block();
    stage.engine.play(note(1), 60);
    stage.engine.panic(30);
    const auto out = stage.blocks(256);
    float before = fade_ms > 0 ? 1 - 64 / (0.5f * 44100) : 1;
    for (int i = 0; i < 256; ++i) {
      CHECK(std::abs(out[i] - before) < 1.05f / 88);
      before = out[i];
      if (i >= 30 + 89) CHECK_EQUAL(out[i], 0.f);
    }
    CHECK(!stage.engine.busy() || !stage.reports().empty());
  }
}

void controls_are_clipped_to_their_ranges_unless_told_otherwise() {
  Stage stage(Options{});
  stage.engine.play(note(1e30f));
  CHECK_EQUAL(stage.block()[0], 1000.f);
  stage.engine.panic();
  stage.blocks(256);
  stage.engine.play(note(-1e30f));
  CHECK_EQUAL(stage.block()[0], -1000.f);
  stage.engine.panic();
  stage.blocks(256);
  stage.engine.set_clip(false);
  stage.engine.play(note(1300));
  CHECK_EQUAL(stage.block()[0], 1300.f);
}

void a_note_that_no_audio_took_for_a_second_is_dropped_by_name() {
  Stage stage(Options{});
  stage.engine.set_latency(500);
  stage.engine.set_clock(0);
  stage.engine.play(note(1));  // may wait until 1500 ms
  stage.engine.set_clock(200);
  stage.engine.play(note(2));
  stage.settle();
  stage.engine.set_clock(1600);
  const auto out = stage.blocks(44100);
  CHECK_EQUAL(*std::max_element(out.begin(), out.end()), 2.f);
  CHECK_EQUAL(stage.engine.stats().dropped, 0);  // counted when it is reported
  CHECK_EQUAL(stage.ids(Kind::dropped), "1:too old: no audio was computed, or it was rendered too late");
  CHECK_EQUAL(stage.engine.stats().dropped, 1);
  CHECK(!stage.engine.busy());
}

// Any sum, in blocks of any size: at most 1, and to the bit itself below -1 dBFS.
void the_limiter_is_transparent_below_its_threshold_and_never_lets_full_scale_pass() {
  wae::Limiter quiet, loud;
  unsigned state = 1;
  const auto random = [&state] { return static_cast<float>((state = state * 1664525u + 1013904223u) >> 8) / (1 << 23) - 1; };
  for (int block = 0; block < 2000; ++block) {
    float a[64], b[64], kept[64];
    for (int i = 0; i < 64; ++i) {
      kept[i] = a[i] = 0.891f * random();
      b[i] = random() * (block % 3 ? 64.f : 1e30f);
    }
    quiet.run(a, 64, 44100);
    loud.run(b, 64, 44100);
    for (int i = 0; i < 64; ++i) {
      CHECK_EQUAL(a[i], kept[i]);
      CHECK(std::abs(b[i]) <= 1);
    }
  }
  float strange[4] = {NAN, INFINITY, -INFINITY, 0.5f};
  loud.run(strange, 4, 44100);
  for (const float x : strange) CHECK(std::abs(x) <= 1);
}

// A sine above the threshold: its gain is steady, so that nothing but its level changes.
void the_limiter_keeps_the_shape_of_a_steady_tone() {
  wae::Limiter limiter;
  std::vector<float> out(44100), in(44100);
  for (int i = 0; i < 44100; ++i) in[i] = out[i] = 4 * std::sin(6.2831853f * 100 * static_cast<float>(i) / 44100);
  limiter.run(out.data(), 44100, 44100);
  const float gain = out[22050 + 110] / in[22050 + 110];
  float worst = 0;
  CHECK(gain < 0.25f && gain > 0.24f);
  for (int i = 22050; i < 44100; ++i) worst = std::max(worst, std::abs(out[i] - gain * in[i]));
  CHECK(worst < 1e-3f);
}

void a_note_off_releases_its_key_only_and_a_duration_releases_by_itself() {
  Stage stage(Options{});
  stage.engine.set_fade(0);
  auto a = note(1), b = note(10), c = note(100);
  a.key = 60;
  b.key = 61;
  c.duration_ms = 5;  // 221 samples, rounded
  stage.engine.play(a);
  stage.engine.play(b);
  stage.engine.play(c);
  stage.engine.release(60, 32);
  const auto out = stage.blocks(400);
  CHECK_NEAR(out[31], 111, 1e-4);
  CHECK_NEAR(out[40], 110, 1e-4);
  CHECK_NEAR(out[230], 10, 1e-4);
}

void a_note_released_before_it_was_ready_keeps_its_length() {
  std::atomic<bool> gate{true};
  Options options;
  options.gate = &gate;
  Stage stage(options);
  stage.engine.set_offline(false);
  stage.engine.set_fade(0);
  gate = false;
  auto short_note = note(1);
  short_note.key = 5;
  stage.engine.play(short_note);
  stage.blocks(128);
  stage.engine.release(5, 0);  // 128 samples after its start
  gate = true;
  stage.settle();
  const auto out = stage.blocks(256);
  CHECK_EQUAL(out[0], 1.f);
  CHECK_EQUAL(out[127], 1.f);
  CHECK_EQUAL(out[130], 0.f);
}

void gain_moves_without_a_jump_and_ends_exactly() {
  Stage stage(Options{});
  stage.engine.play(note(1));
  stage.block();
  stage.engine.set_gain(0.25);
  const auto out = stage.blocks(900);
  for (size_t i = 1; i < 800; ++i) CHECK(std::abs(out[i] - out[i - 1]) <= 1.01f / 512);
  CHECK_EQUAL(out[800], 0.25f);
}

void fewer_voices_fade_the_oldest() {
  Stage stage(Options{}, 8);
  for (int i = 0; i < 8; ++i) stage.engine.play(note(1));
  stage.block();
  stage.engine.set_voices(3);
  CHECK_NEAR(stage.blocks(400)[350], 3, 1e-4);
}

void a_change_of_rate_ends_what_sounds_and_later_notes_are_right() {
  Stage stage(ramp());
  stage.engine.play(note(1));
  stage.block();
  stage.engine.set_rate(88200);
  stage.blocks(1000);
  CHECK_EQUAL(stage.ids(Kind::done), "1");
  stage.engine.play(note(1));
  const auto out = stage.blocks(2300);
  CHECK_NEAR(out[1001], 1 + 0.0005f * 1001, 1e-3);  // twice as many samples
  CHECK_EQUAL(out[2000], 0.f);
}

}  // namespace

int main() {
  return check::run({
      {"a note starts on its sample, for any block size", a_note_starts_on_its_sample_for_any_block_size},
      {"latency moves the start by exactly that much", latency_moves_the_start_by_exactly_that_much},
      {"voices add up", voices_add_up},
      {"ids count from one, and every note is reported ready and done",
       ids_count_from_one_and_every_note_is_reported_twice},
      {"the oldest is stolen and fades", the_oldest_is_stolen_and_fades},
      {"the quietest is stolen when asked", the_quietest_is_stolen_when_asked},
      {"nothing is stolen when forbidden", nothing_is_stolen_when_forbidden},
      {"a burst never sounds more voices than allowed", a_burst_never_sounds_more_voices_than_allowed},
      {"stop fades linearly from its sample", stop_fades_linearly_from_its_sample},
      {"stop of an id spares the others", stop_of_an_id_spares_the_others},
      {"panic fades to silence in 2 ms without a click", panic_fades_to_silence_in_2_ms_without_a_click},
      {"controls are clipped to their ranges unless told otherwise",
       controls_are_clipped_to_their_ranges_unless_told_otherwise},
      {"a note that no audio took for a second is dropped by name",
       a_note_that_no_audio_took_for_a_second_is_dropped_by_name},
      {"the limiter is transparent below its threshold and never lets full scale pass",
       the_limiter_is_transparent_below_its_threshold_and_never_lets_full_scale_pass},
      {"the limiter keeps the shape of a steady tone", the_limiter_keeps_the_shape_of_a_steady_tone},
      {"a note-off releases its key only",
       a_note_off_releases_its_key_only_and_a_duration_releases_by_itself},
      {"a note released before it was ready keeps its length",
       a_note_released_before_it_was_ready_keeps_its_length},
      {"gain moves without a jump", gain_moves_without_a_jump_and_ends_exactly},
      {"fewer voices fade the oldest", fewer_voices_fade_the_oldest},
      {"a change of rate ends what sounds", a_change_of_rate_ends_what_sounds_and_later_notes_are_right},
  });
}
