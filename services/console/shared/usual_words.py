"""Words that companies usually choose where a touchpoint leaves the choice to them.

Methods, channels, categories and reasons are open lists: what is known here is said in the
reader's language, and a company's own word is shown as it was reported.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.console.shared.i18n import N_, Speaker

USUAL: Mapping[str, str] = {
    "alipay": N_("Alipay"),
    "appointment": N_("appointment"),
    "attitude": N_("attitude"),
    "bank_transfer": N_("bank transfer"),
    "billing": N_("billing"),
    "branch_manager": N_("branch manager"),
    "buyer": N_("buyer"),
    "came_back": N_("it came back"),
    "card": N_("card"),
    "cash": N_("cash"),
    "cheque": N_("cheque"),
    "clerk": N_("clerk"),
    "credit_note": N_("credit note"),
    "customer_wish": N_("the customer's wish"),
    "damaged": N_("damaged"),
    "delivery": N_("delivery"),
    "department_head": N_("head of department"),
    "direct_debit": N_("direct debit"),
    "dispute_granted": N_("dispute granted"),
    "email": N_("e-mail"),
    "explanation": N_("explanation"),
    "field": N_("field sales"),
    "goods_returned": N_("goods returned"),
    "goodwill": N_("goodwill"),
    "granted": N_("granted"),
    "headquarters": N_("headquarters"),
    "insufficient_funds": N_("insufficient funds"),
    "inspection": N_("inspection"),
    "installation": N_("installation"),
    "late_delivery": N_("late delivery"),
    "letter": N_("letter"),
    "long_standing_customer": N_("customer of long standing"),
    "mail": N_("e-mail"),
    "manager": N_("manager"),
    "new_products": N_("new products"),
    "not_delivered": N_("not delivered"),
    "owner": N_("owner"),
    "paperless_billing": N_("bills without paper"),
    "payment": N_("payment"),
    "phone": N_("telephone"),
    "photo_of_damage": N_("photo of the damage"),
    "price": N_("price"),
    "price_adjustment": N_("price adjustment"),
    "quality": N_("quality"),
    "quantity": N_("quantity"),
    "refund": N_("refund"),
    "rejected": N_("rejected"),
    "relationship": N_("keeping in touch"),
    "repair": N_("repair"),
    "replacement": N_("replacement"),
    "result": N_("result"),
    "satisfaction": N_("satisfaction"),
    "serial_number": N_("serial number"),
    "sms": N_("text message"),
    "speed": N_("speed"),
    "stocktaking": N_("stocktaking"),
    "store": N_("store"),
    "uncollectable": N_("uncollectable"),
    "visit": N_("visit"),
    "web": N_("web"),
    "wechat": N_("WeChat"),
    "wrong_recipient": N_("wrong recipient"),
}


def usual_word(say: Speaker, word: str) -> str:
    """Return what a word is called that companies usually choose; another as it was reported."""
    return say.gettext(USUAL[word]) if word in USUAL else word
