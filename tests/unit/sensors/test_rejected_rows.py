"""What a DAG author sees of SynapseRejectedRowsSensor; what it does is tested on the real emulator."""

import inspect
import re

import pytest
from airflow.sdk import DAG, BaseSensorOperator

from airflow_synapse.exceptions import CopyOptionError
from airflow_synapse.sensors.rejected_rows import SynapseRejectedRowsSensor

OWN = inspect.signature(SynapseRejectedRowsSensor.__init__).parameters.keys() - {"self", "kwargs"}
DOCSTRING = dict(re.findall(r":param (\w+):(.*?)(?=:param|\Z)", SynapseRejectedRowsSensor.__doc__, re.DOTALL))


def test_every_argument_is_documented():
    assert DOCSTRING.keys() == OWN


def test_what_the_docstring_calls_templated_is():
    assert {name for name, text in DOCSTRING.items() if "(templated)" in text} == set(
        SynapseRejectedRowsSensor.template_fields
    )


@pytest.mark.parametrize("name", SynapseRejectedRowsSensor.template_fields)
def test_templates_are_rendered(name):
    with DAG("checks"):
        sensor = SynapseRejectedRowsSensor(task_id="rejected", **{"storage_conn_id": "lake", name: "{{ word }}"})
    sensor.render_template_fields({"word": "rendered"})
    assert getattr(sensor, name) == "rendered"


def test_it_takes_the_arguments_of_every_sensor():
    taken = inspect.signature(BaseSensorOperator.__init__).parameters.keys() - {"self", "kwargs"}
    values = {"poke_interval": 5, "timeout": 6, "soft_fail": True, "mode": "reschedule", "max_wait": 7}
    sensor = SynapseRejectedRowsSensor(task_id="rejected", storage_conn_id="lake", **values)
    assert values.keys() <= taken
    assert (sensor.poke_interval, sensor.timeout, sensor.soft_fail, sensor.mode) == (5, 6, True, "reschedule")


def test_a_sensor_that_would_look_without_a_pause_is_refused_where_the_dag_is_written():
    with pytest.raises(CopyOptionError, match="poke_interval is 0"):
        SynapseRejectedRowsSensor(task_id="rejected", storage_conn_id="lake", poke_interval=0)
