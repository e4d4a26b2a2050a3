"""Many runs -> one record that compares them: divergences, ablations, few labels, transfer between sets."""
