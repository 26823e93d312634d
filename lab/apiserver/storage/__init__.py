"""Where objects live: one version counter, collections of immutable records, bounded history for watches."""
