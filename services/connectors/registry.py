"""Which formats there are: the one place that names them all."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from services.connectors.formats.camt import Camt
from services.connectors.formats.exports import TABLES
from services.connectors.formats.mt940 import Mt940
from services.connectors.formats.shops import Shopify, Stripe, WooCommerce
from services.connectors.formats.standard import Standard
from services.connectors.formats.telephone import AsteriskConnector, CtiConnector
from services.connectors.ports import Connector
from services.errors import UsageError
from services.wording import nearest, quoted

CONNECTORS: tuple[Connector, ...] = (
    Camt(),
    Mt940(),
    *TABLES,
    AsteriskConnector(),
    CtiConnector(),
    WooCommerce(),
    Shopify(),
    Stripe(),
    Standard(),
)

_BY_FORMAT: Mapping[str, Connector] = MappingProxyType({one.format: one for one in CONNECTORS})


def connector(name: str) -> Connector:
    """Return what reads a format. Raises: UsageError."""
    found = _BY_FORMAT.get(name)
    if found is None:
        raise UsageError(f"there is no format {quoted(name)}{nearest(name, _BY_FORMAT)}")
    return found
