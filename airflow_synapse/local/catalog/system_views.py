"""The views of the schemas sys and INFORMATION_SCHEMA: their columns, and their rows from the catalog.

Every column has the documented name and type; of views with many columns, those that say something here. Source: T-SQL
reference, Catalog views, Information schema views, and for the ``pdw`` ones Azure Synapse Analytics catalog views.
"""

from __future__ import annotations

from typing import Final

from airflow_synapse.local.catalog import (
    external_views,
    information_schema,
    object_views,
    request_views,
    security_views,
)
from airflow_synapse.local.catalog.view import SystemView, ViewContext

VIEWS: Final[dict[tuple[str, str], SystemView]] = {
    **{("sys", name): view for name, view in object_views.VIEWS.items()},
    **{("sys", name): view for name, view in external_views.VIEWS.items()},
    **{("sys", name): view for name, view in security_views.VIEWS.items()},
    **{("sys", name): view for name, view in request_views.VIEWS.items()},
    **{("information_schema", name): view for name, view in information_schema.VIEWS.items()},
}

__all__ = ["VIEWS", "SystemView", "ViewContext"]
