"""A few runs; `python -m tests.simulation.scenario_machine` makes 2,000."""

from tests.simulation.scenario_machine import ScenarioMachine, settings_for

TestScenarios = ScenarioMachine.TestCase
TestScenarios.settings = settings_for(8, derandomize=True)
