window.listeningSet = {
 "set": "16a9073eec8a",
 "trials": {
  "note1": {
   "original": "98bcdd1342.flac",
   "griffin-lim": "3372cadb45.flac",
   "mcnn": "c66c8c8797.flac",
   "ours": "dabc3c5c45.flac",
   "decoded": "966d5f12ec.flac"
  },
  "note2": {
   "original": "acc03772e2.flac",
   "griffin-lim": "b93560b46f.flac",
   "mcnn": "59a86275f0.flac",
   "ours": "9aba60a372.flac",
   "decoded": "bd0db70904.flac"
  },
  "note3": {
   "original": "fd9f7c7637.flac",
   "griffin-lim": "4ff15d01b5.flac",
   "mcnn": "1db69855c9.flac",
   "ours": "f80518d2b0.flac",
   "decoded": "f604b74710.flac"
  },
  "note4": {
   "original": "63e5a3e64b.flac",
   "griffin-lim": "55de0b8999.flac",
   "mcnn": "65e41c7fb1.flac",
   "ours": "e1f6af8929.flac",
   "decoded": "ae683f6f4b.flac"
  },
  "note5": {
   "original": "7d06468800.flac",
   "griffin-lim": "9f4e0b4164.flac",
   "mcnn": "a958196316.flac",
   "ours": "f4df0486fd.flac",
   "decoded": "b73085d7a8.flac"
  },
  "note6": {
   "original": "82d0755f7a.flac",
   "griffin-lim": "a9807b1d57.flac",
   "mcnn": "f052ea7af5.flac",
   "ours": "f85e6124a8.flac",
   "decoded": "006919a215.flac"
  },
  "note7": {
   "original": "1edcff5908.flac",
   "griffin-lim": "e6d713bbf9.flac",
   "mcnn": "c5250c6629.flac",
   "ours": "2e225ee147.flac",
   "decoded": "e5a99dbb29.flac"
  },
  "note8": {
   "original": "02079132c8.flac",
   "griffin-lim": "5e43d9503f.flac",
   "mcnn": "422e6fc1e5.flac",
   "ours": "93bccdefa3.flac",
   "decoded": "f06e013f7d.flac"
  }
 },
 "systems": {
  "original": "the note itself: reference, and hidden among the rest",
  "griffin-lim": "Griffin-Lim, 60 iterations, from the note's mel",
  "mcnn": "MCNN of the published size after a short training on one core, from the note's mel",
  "ours": "the pitch-driven vocoder of the instrument, from the note's mel",
  "decoded": "what the instrument plays: the mel itself comes from four numbers"
 }
};
