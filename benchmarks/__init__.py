"""`make bench`: ratios from one run on one machine; absolute times mean little."""
