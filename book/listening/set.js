window.listeningSet = {
 "set": "abe90aeea885",
 "trials": {
  "note1": {
   "original": "1b95426e95.flac",
   "griffin-lim": "20f3ea6261.flac",
   "ours": "4d23442d4f.flac",
   "decoded": "a869498916.flac"
  },
  "note2": {
   "original": "8427034c9c.flac",
   "griffin-lim": "ca02cf65bc.flac",
   "ours": "c0ba2d7897.flac",
   "decoded": "4e07acaaa1.flac"
  },
  "note3": {
   "original": "f93abf9568.flac",
   "griffin-lim": "73b88be023.flac",
   "ours": "0befbcced8.flac",
   "decoded": "1d27c228be.flac"
  },
  "note4": {
   "original": "17de8d3c51.flac",
   "griffin-lim": "62f56b7fd7.flac",
   "ours": "259869dd14.flac",
   "decoded": "68755bb200.flac"
  },
  "note5": {
   "original": "ca17f28065.flac",
   "griffin-lim": "5df2599cc0.flac",
   "ours": "1e1cab7e46.flac",
   "decoded": "839e6cd9a5.flac"
  },
  "note6": {
   "original": "e761043e19.flac",
   "griffin-lim": "6e9c70bd98.flac",
   "ours": "0ba9de37e6.flac",
   "decoded": "51484d6688.flac"
  },
  "note7": {
   "original": "28e2dcbf0a.flac",
   "griffin-lim": "5ab97b209f.flac",
   "ours": "28f5673d6a.flac",
   "decoded": "1c75f7158d.flac"
  },
  "note8": {
   "original": "fec3dc4b54.flac",
   "griffin-lim": "15bb209ae4.flac",
   "ours": "db172b2f33.flac",
   "decoded": "2e976777ba.flac"
  }
 },
 "systems": {
  "original": "the note itself: reference, and hidden among the rest",
  "griffin-lim": "Griffin-Lim, 60 iterations, from the note's mel",
  "ours": "the pitch-driven vocoder of the instrument, from the note's mel",
  "decoded": "what the instrument plays: the mel itself comes from four numbers"
 }
};
