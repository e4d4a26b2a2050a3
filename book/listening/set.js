window.listeningSet = {
 "set": "47ee967a2bd2",
 "trials": {
  "note1": {
   "original": "8d51975540.flac",
   "griffin-lim": "9a21bd1c3a.flac",
   "mcnn": "dff1693356.flac",
   "ours": "0f62b5f236.flac",
   "decoded": "84634fffb6.flac"
  },
  "note2": {
   "original": "04f00eea9f.flac",
   "griffin-lim": "8f6c4fef15.flac",
   "mcnn": "c45bdf65b9.flac",
   "ours": "90bcd8739c.flac",
   "decoded": "0d6914a4b6.flac"
  },
  "note3": {
   "original": "3fa827077f.flac",
   "griffin-lim": "6e30999ce2.flac",
   "mcnn": "79fcafe558.flac",
   "ours": "a4b449763c.flac",
   "decoded": "a703fceb35.flac"
  },
  "note4": {
   "original": "09e9c04a28.flac",
   "griffin-lim": "8c37810856.flac",
   "mcnn": "fb0644f718.flac",
   "ours": "857ac80264.flac",
   "decoded": "df5a279e4a.flac"
  },
  "note5": {
   "original": "ae3fd19b8e.flac",
   "griffin-lim": "00f5a8d4fc.flac",
   "mcnn": "81d0319f05.flac",
   "ours": "5a4c8e8c61.flac",
   "decoded": "9c26801c04.flac"
  },
  "note6": {
   "original": "a3cc3f2b25.flac",
   "griffin-lim": "46a9298282.flac",
   "mcnn": "7271c3e92c.flac",
   "ours": "c6e60fe991.flac",
   "decoded": "bc1b0e70f5.flac"
  },
  "note7": {
   "original": "1a338bf202.flac",
   "griffin-lim": "2f78bb6029.flac",
   "mcnn": "10c118cb3b.flac",
   "ours": "3c52aea011.flac",
   "decoded": "c6692fab0c.flac"
  },
  "note8": {
   "original": "517c584a17.flac",
   "griffin-lim": "28d5a2907d.flac",
   "mcnn": "5aa32fd2e4.flac",
   "ours": "98ad3f5cb3.flac",
   "decoded": "75576af55a.flac"
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
