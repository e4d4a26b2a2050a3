"""Many runs -> one record that compares them: divergences, ablations, few labels, transfer between sets."""

from latentsampler.chapters.autoencoder.studies import ablation_study, benchmark, label_study, transfer

STUDIES = {"divergences": benchmark.STUDY, "transfer": transfer.STUDY, "ablation": ablation_study.STUDY,
           "labels": label_study.STUDY}
