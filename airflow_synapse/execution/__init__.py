"""One execution of a load, wherever it runs: in a worker, or in a thread of the triggerer."""
