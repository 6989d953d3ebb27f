"""Hypothesis looks for a short history that breaks a promise; what it finds is printed as a few steps to repeat."""

from hypothesis import HealthCheck, settings

from tests.simulation.machine import SendingMachine

TestSending = SendingMachine.TestCase
TestSending.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
