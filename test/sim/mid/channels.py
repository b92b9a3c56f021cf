"""The ways to pay: what each is called, what it tells, what may be done with its money."""
import random

DAY = 86400
OWN_ISSUER, FOREIGN_WINDOW = "gopay", 7


class Channel:
    """name: as in enabled_payments; type: payment_type in messages; life: seconds a started
    payment stays payable unless the order says otherwise; window: days in which it can be
    refunded (None: for ever)."""

    def __init__(self, name, label, type_, **more):
        self.name, self.label, self.type = name, label, type_
        self.bank = more.get("bank")
        self.snap_bi = more.get("snap_bi", False)         # found by transaction_id only
        self.refund = more.get("refund")                  # None, "any" or "full"
        self.window = more.get("window")
        self.reversible = more.get("reversible", False)   # deny after settlement happens
        self.life = more.get("life", DAY)
        self.no_fraud = more.get("no_fraud", False)       # no fraud_status in messages
        self.card = type_ == "credit_card"

    def refundable(self, age, issuer):
        """Whether money paid `age` seconds ago can still be paid back; issuer: of a QRIS payment,
        whose own customers have longer (facts 3)."""
        window = FOREIGN_WINDOW if self.type == "qris" and issuer != OWN_ISSUER else self.window
        return window is None or age <= window * DAY

    def details(self):
        """The fields of its own, as shown to whoever pays and reported in messages."""
        if self.name == "permata_va":
            return {"permata_va_number": digits("8778", 16)}
        if self.type == "bank_transfer":
            return {"va_numbers": [{"bank": self.bank, "va_number": digits("", 16)}],
                    "payment_amounts": []}
        if self.type == "echannel":
            return {"biller_code": "70012", "bill_key": digits("", 12)}
        if self.type == "cstore":
            return {"store": self.name, "payment_code": digits("", 14)}
        if self.card:
            return {"masked_card": "48111111-1114", "bank": "bni", "card_type": "credit",
                    "approval_code": digits("", 13), "channel_response_code": "00",
                    "channel_response_message": "Approved", "eci": "05"}
        if self.type == "qris":
            return {"acquirer": OWN_ISSUER}
        return {}

    def once_paid(self, gross, when, issuer):
        if self.bank == "bni":
            return {"payment_amounts": [{"paid_at": when, "amount": gross}]}
        if self.type == "qris":
            return {"issuer": issuer, "reference_id": digits("A1", 12),
                    "transaction_type": "on-us" if issuer == OWN_ISSUER else "off-us"}
        return {}


def digits(start, n):
    return start + "".join(random.choice("0123456789") for _ in range(n - len(start)))


ALL = [
    Channel("qris", "QRIS", "qris", refund="any", window=45, life=900),
    Channel("gopay", "GoPay", "gopay", refund="any", window=45, life=900),
    Channel("shopeepay", "ShopeePay", "shopeepay", refund="full", window=365, life=900),
    Channel("dana", "DANA", "dana", refund="any", window=45, life=900, snap_bi=True),
    Channel("ovo", "OVO", "ovo", refund="full", window=7, life=900),
    Channel("kredivo", "Kredivo", "kredivo", refund="any", window=14),
    Channel("akulaku", "Akulaku", "akulaku", refund="any"),
    Channel("bca_va", "BCA virtual account", "bank_transfer", bank="bca"),
    Channel("bni_va", "BNI virtual account", "bank_transfer", bank="bni"),
    Channel("bri_va", "BRI virtual account", "bank_transfer", bank="bri"),
    Channel("permata_va", "Permata virtual account", "bank_transfer", reversible=True),
    Channel("cimb_va", "CIMB virtual account", "bank_transfer", bank="cimb"),
    Channel("danamon_va", "Danamon virtual account", "bank_transfer", bank="danamon", snap_bi=True),
    Channel("bsi_va", "BSI virtual account", "bank_transfer", bank="bsi", snap_bi=True),
    Channel("seabank_va", "SeaBank virtual account", "bank_transfer", bank="seabank", snap_bi=True),
    Channel("saqu_va", "Saqu virtual account", "bank_transfer", bank="saqu", snap_bi=True),
    Channel("echannel", "Mandiri bill", "echannel", reversible=True),
    Channel("credit_card", "Credit card", "credit_card", refund="any"),
    Channel("indomaret", "Indomaret", "cstore", reversible=True, no_fraud=True),
    Channel("alfamart", "Alfamart", "cstore", no_fraud=True),
]
BY_NAME = {channel.name: channel for channel in ALL}
ALIASES = {"bank_transfer": "bca_va", "cstore": "indomaret", "mandiri": "echannel",
           "card": "credit_card", "other_qris": "qris", "permata": "permata_va",
           **{c.bank: c.name for c in ALL if c.bank}}


def find(name):
    """The channel of this name or alias; ValueError."""
    channel = BY_NAME.get(ALIASES.get(name, name))
    if not channel:
        raise ValueError("no such method: %r" % (name,))
    return channel
