"""The voucher schemas: the only place where rules live.

Each check is a row-wise boolean expression, and becomes a fault: the method's name gives its code (`code__masked` is `code.masked`; on a
check of several columns the part after `__` counts), `error` the message, `title` the title and `description` the hint.
Subclass a schema to add rules of your own. The method is named, not the check, because pandera forgets a `name=` in subclasses.
Rules of the platforms: https://docs.voucherify.io (vouchers and campaigns, import) and https://docs.couponcarrier.io (article 25).
"""

from vbatch.model.voucher.code import Code
from vbatch.model.voucher.discount import Discount
from vbatch.model.voucher.gift_card import GiftCard
from vbatch.model.voucher.loyalty_card import LoyaltyCard
from vbatch.model.voucher.mixed import MixedVoucher
from vbatch.model.voucher.voucher import AS_OF, Amount, Days, Timestamp, Voucher

__all__ = ["AS_OF", "Amount", "Code", "Days", "Discount", "GiftCard", "LoyaltyCard", "MixedVoucher", "Timestamp", "Voucher"]
