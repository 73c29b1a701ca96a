"""The parts of the wire benchmark: scenarios, servers, processes, load and tables."""
