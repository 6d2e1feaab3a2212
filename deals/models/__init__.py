"""Pipelines, stages, deals, and the history of each deal's way (domain.md section 3)."""

from deals.models.change import BulkChange, DealChange, Verb
from deals.models.conversion import Conversion
from deals.models.currency import CurrencyRate
from deals.models.deal import WEIGHT, Deal, DealContact, DealQuerySet, LiveDeals
from deals.models.history import StageEvent
from deals.models.pipeline import Kind, Pipeline, Stage
from deals.models.playbook import PlaybookRun, PlaybookTask
from deals.models.product import LineItem, Product
from deals.models.reason import CloseReason
from deals.models.saved_view import SavedView
from deals.models.tag import DealTag, Tag
from deals.models.totals import ClosedDay, ClosedTotal, CreatedDay, ForecastTotal, ReachedTotal, StageTotal

__all__ = [
    "BulkChange",
    "CloseReason",
    "ClosedDay",
    "ClosedTotal",
    "Conversion",
    "CreatedDay",
    "CurrencyRate",
    "Deal",
    "DealChange",
    "DealContact",
    "DealQuerySet",
    "DealTag",
    "ForecastTotal",
    "Kind",
    "LineItem",
    "LiveDeals",
    "Pipeline",
    "PlaybookRun",
    "PlaybookTask",
    "Product",
    "ReachedTotal",
    "SavedView",
    "Stage",
    "StageEvent",
    "StageTotal",
    "Tag",
    "Verb",
    "WEIGHT",
]
