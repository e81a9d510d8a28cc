"""Demo data and the walk of `make demo`. Never installed in production."""

PASSWORD = "gatehouse-demo"  # of everybody on a demo site, and printed there
