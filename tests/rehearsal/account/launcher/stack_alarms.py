"""Alarms over metric math, which ministack refuses: they are kept and told as they are, and never ring."""

from __future__ import annotations

from typing import Any

from ministack.services.cloudformation import provisioners

from tests.rehearsal.account.launcher.resources import Props

#: What an alarm has of one metric, and does not have over several.
_OF_ONE_METRIC = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Dimensions", "Unit")


def install() -> None:
    record_of = provisioners._cw_metric_alarm_record

    def record(name: str, props: Props) -> Any:
        metrics = props.get("Metrics")
        if not metrics:
            return record_of(name, props)
        if any(props.get(key) for key in _OF_ONE_METRIC):
            raise ValueError("MetricName and its like cannot be given with Metrics (HandlerErrorCode: InvalidRequest)")
        if sum(each.get("ReturnData", True) is not False for each in metrics) != 1:
            raise ValueError("Exactly one element of Metrics must return data (HandlerErrorCode: InvalidRequest)")
        plain = {key: value for key, value in props.items() if key != "Metrics"}
        found = record_of(name, {**plain, "MetricName": "-", "Namespace": "-"})
        return {key: value for key, value in found.items() if key not in _OF_ONE_METRIC} | {"Metrics": metrics}

    provisioners._cw_metric_alarm_record = record
