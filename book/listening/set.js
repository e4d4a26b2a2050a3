window.listeningSet = {
 "set": "a5700037dbe4",
 "trials": {
  "note1": {
   "original": "8d51975540.flac",
   "griffin-lim": "9a21bd1c3a.flac",
   "ours": "0f62b5f236.flac",
   "decoded": "84634fffb6.flac"
  },
  "note2": {
   "original": "c824fea77d.flac",
   "griffin-lim": "f927bcf020.flac",
   "ours": "53db937f51.flac",
   "decoded": "a584c48982.flac"
  },
  "note3": {
   "original": "3fa827077f.flac",
   "griffin-lim": "6e30999ce2.flac",
   "ours": "a4b449763c.flac",
   "decoded": "a703fceb35.flac"
  },
  "note4": {
   "original": "f36f5a2bed.flac",
   "griffin-lim": "dd8bac77c3.flac",
   "ours": "7379e7d813.flac",
   "decoded": "4126acb4d8.flac"
  },
  "note5": {
   "original": "b64336991b.flac",
   "griffin-lim": "cdfa09df1f.flac",
   "ours": "5e3909a908.flac",
   "decoded": "fccc2fd753.flac"
  },
  "note6": {
   "original": "246cc4aa6a.flac",
   "griffin-lim": "1e1adac8df.flac",
   "ours": "6a2080e94e.flac",
   "decoded": "26e0ce19fe.flac"
  },
  "note7": {
   "original": "c7fd8214a1.flac",
   "griffin-lim": "78e3d986cd.flac",
   "ours": "129ec2ac70.flac",
   "decoded": "177ce81cce.flac"
  },
  "note8": {
   "original": "431b412ccf.flac",
   "griffin-lim": "60c332ffee.flac",
   "ours": "2786b673a3.flac",
   "decoded": "af148fe2fc.flac"
  }
 },
 "systems": {
  "original": "the note itself: reference, and hidden among the rest",
  "griffin-lim": "Griffin-Lim, 60 iterations, from the note's mel",
  "ours": "the pitch-driven vocoder of the instrument, from the note's mel",
  "decoded": "what the instrument plays: the mel itself comes from four numbers"
 }
};
