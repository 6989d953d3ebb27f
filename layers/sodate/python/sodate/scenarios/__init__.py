"""Scenarios and sequences: the engine, enrollments, entries, waits, sending of steps, experiments, migration."""
