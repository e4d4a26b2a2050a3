window.listeningSet = {
 "set": "99e517655f49",
 "trials": {
  "note1": {
   "original": "5ea673fb20.flac",
   "griffin-lim": "9bba7dae21.flac",
   "mcnn": "2d047b07c1.flac",
   "ours": "dd16076c80.flac",
   "decoded": "781eee5240.flac"
  },
  "note2": {
   "original": "acc03772e2.flac",
   "griffin-lim": "b93560b46f.flac",
   "mcnn": "59a86275f0.flac",
   "ours": "03cf97c2d4.flac",
   "decoded": "e63eefa9b5.flac"
  },
  "note3": {
   "original": "5a57becc7b.flac",
   "griffin-lim": "e02e8e126c.flac",
   "mcnn": "05da38239f.flac",
   "ours": "7fb27224b6.flac",
   "decoded": "110e267253.flac"
  },
  "note4": {
   "original": "63e5a3e64b.flac",
   "griffin-lim": "55de0b8999.flac",
   "mcnn": "65e41c7fb1.flac",
   "ours": "304ca7bf50.flac",
   "decoded": "69673bfae5.flac"
  },
  "note5": {
   "original": "7d06468800.flac",
   "griffin-lim": "9f4e0b4164.flac",
   "mcnn": "a958196316.flac",
   "ours": "9d3c2ff661.flac",
   "decoded": "6f43594f49.flac"
  },
  "note6": {
   "original": "83ff9b8bfa.flac",
   "griffin-lim": "4df8f31aa6.flac",
   "mcnn": "ae98350d1c.flac",
   "ours": "db17b60aec.flac",
   "decoded": "67a59fa89d.flac"
  },
  "note7": {
   "original": "1edcff5908.flac",
   "griffin-lim": "e6d713bbf9.flac",
   "mcnn": "c5250c6629.flac",
   "ours": "c0554be184.flac",
   "decoded": "48fef6f6b7.flac"
  },
  "note8": {
   "original": "02079132c8.flac",
   "griffin-lim": "5e43d9503f.flac",
   "mcnn": "422e6fc1e5.flac",
   "ours": "bfbd9b2d60.flac",
   "decoded": "b9a08dd3c9.flac"
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
