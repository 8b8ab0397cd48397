"""The path of the data, a module a step, and the only place that commits."""
