"""Tables, figures, verdicts and coverage from stored rows. Nothing here loads torch."""
