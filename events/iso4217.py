"""The minor units of currencies: a table of our own, because stored amounts depend on it.

An amount is stored in minor units, so another number of digits would move every stored amount
a hundredfold. What a library says may change with its next release (CLDR counts the digits
that people show, and gives RSD, HUF, IDR or COP none at times); this table changes only when
somebody changes it, and tests/unit/test_iso4217.py then fails until its digest is renewed.

Source: ISO 4217 List One as published on 2026-01-01. Codes without a minor unit (metals, units
of account, XTS for tests, XXX for no currency) are left out: no amount can be stated in them.
Of withdrawn codes, those that were money since 1999 keep the digits that they had in List One,
so that old invoices stay readable.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PUBLISHED = "2026-01-01"
"""The date of the List One that the table repeats."""

_CURRENT: Mapping[int, str] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD "
        "CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP "
        "GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK "
        "LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO "
        "NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS "
        "SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST "
        "XAD XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_WITHDRAWN: Mapping[int, str] = {
    0: "BEF BYR ESP GRD ITL LUF PTE TRL",
    2: (
        "ANG ATS AZM BGN CSD CUC CYP DEM EEK FIM FRF GHC HRK IEP LTL LVL MRO MTL MZM NLG ROL SDD "
        "SIT SKK SLL SRG STD TMM VEB VEF ZMK ZWL"
    ),
}

MINOR_DIGITS: Mapping[str, int] = MappingProxyType(
    {
        code: digits
        for table in (_CURRENT, _WITHDRAWN)
        for digits, codes in table.items()
        for code in codes.split()
    }
)
"""By currency code: how many decimal digits its minor unit has."""
