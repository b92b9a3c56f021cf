"""The refusals of Snap: the rules of a create call, all broken ones at once (facts 2)."""
import re

from .clock import UNITS, parse_stamp

# No quotes, no dots side by side or at an end, no label that begins or ends with "-", only ASCII.
ATOM = r"[A-Za-z0-9!#$%&*+/=?^_{|}~-]+"
LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL = re.compile(r"(?=[^@]{1,64}@)%s(\.%s)*@(%s\.)+%s\Z" % (ATOM, ATOM, LABEL, LABEL))
ORDER_ID = re.compile(r"[A-Za-z0-9\-_~.]+\Z")
DAY = 86400
CLOCKS_APART = 600   # how far expiry.start_time may be from our clock
SHORT_MIN, LONG_MAX = 5 * 60, 7 * DAY
TEXTS = {"first_name": 255, "last_name": 255, "email": 255, "phone": 255}
PLACE = {"first_name": 255, "last_name": 255, "phone": 255, "address": 255, "city": 100,
         "postal_code": 10, "country_code": 10}
ITEM = {"id": 50, "brand": 50, "category": 50, "merchant_name": 50, "url": 50}


def whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


class Check:
    def __init__(self, body, now):
        self.body, self.now = body, now
        self.errors = []

    def run(self):
        """The texts of all that is wrong."""
        self._transaction()
        self._items()
        self._customer()
        self._times()
        self._rest()
        return self.errors

    def _say(self, text):
        self.errors.append(text)

    def _object(self, name, holder=None):
        value = (self.body if holder is None else holder).get(name)
        if value is None or isinstance(value, dict):
            return value
        self._say(name + " must be an object")
        return None

    def _texts(self, prefix, holder, limits):
        for name, most in limits.items():
            value = holder.get(name)
            if value is None:
                continue
            if not isinstance(value, str):
                self._say("%s.%s must be a string" % (prefix, name))
            elif len(value) > most:
                self._say("%s.%s too long" % (prefix, name))

    def _transaction(self):
        details = self._object("transaction_details")
        if details is None:
            self._say("transaction_details is required")
            details = {}
        self._order_id(details.get("order_id"))
        self._gross(details.get("gross_amount"))

    def _order_id(self, order_id):
        name = "transaction_details.order_id"
        if order_id is None or order_id == "":
            self._say(name + " is required")
        elif not isinstance(order_id, str):
            self._say(name + " must be a string")
        elif len(order_id) > 50:
            self._say(name + " too long")
        elif not ORDER_ID.match(order_id):
            self._say(name + " may only contain alphanumeric, dash, underscore, tilde and dot")

    def _gross(self, gross):
        name = "transaction_details.gross_amount"
        if gross is None:
            self._say(name + " is required")
        if not isinstance(gross, (int, float)) or isinstance(gross, bool):
            self._say(name + " is not a number")
        elif gross < 0.01:
            self._say(name + " must be greater than or equal to 0.01")
        elif not whole(gross):
            self._say(name + " must be an integer")

    def _items(self):
        items = self.body.get("item_details")
        if items is None:
            return
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            self._say("item_details must be an array of objects")
            return
        sum_ = sum([self._item(item) for item in items])
        gross = (self._object("transaction_details") or {}).get("gross_amount")
        if whole(gross) and sum_ != gross:
            self._say("transaction_details.gross_amount is not equal to the sum of item_details")

    def _item(self, item):
        """Check one line; what it costs."""
        name, price, quantity = item.get("name"), item.get("price"), item.get("quantity")
        if name is None or name == "":
            self._say("item_details Name is required")
        elif not isinstance(name, str):
            self._say("item_details Name must be a string")
        elif len(name) > 50:
            self._say("item_details Name too long")
        self._texts("item_details", item, ITEM)
        if not whole(price):
            self._say("item_details price is not a number" if price is not None
                      else "item_details price is required")
        if not whole(quantity):
            self._say("item_details quantity is not a number" if quantity is not None
                      else "item_details quantity is required")
        elif quantity < 1:
            self._say("item_details quantity must be greater than or equal to 1")
        return price * quantity if whole(price) and whole(quantity) else 0

    def _customer(self):
        customer = self._object("customer_details")
        if customer is None:
            return
        self._texts("customer_details", customer, TEXTS)
        if "email" in customer and not (isinstance(customer["email"], str)
                                        and EMAIL.match(customer["email"])):
            self._say("customer_details.email format is invalid")
        for name in ("billing_address", "shipping_address"):
            place = self._object(name, customer)
            if place is not None:
                self._texts("customer_details." + name, place, PLACE)

    def _times(self):
        for name in ("expiry", "page_expiry"):
            rule = self._object(name)
            if rule is not None:
                self._time(name, rule)

    def _time(self, name, rule):
        duration, unit = rule.get("duration"), rule.get("unit")
        if not whole(duration) or duration < 1:
            self._say(name + ".duration must be an integer greater than or equal to 1")
            return
        if unit not in UNITS:
            self._say(name + ".unit is invalid, use minute, hour or day")
            return
        seconds = duration * UNITS[unit]
        if not SHORT_MIN <= seconds <= LONG_MAX:
            self._say(name + " must be between 5 minutes and 7 days")
        if "start_time" in rule:
            self._start(name, rule["start_time"], seconds)

    def _start(self, name, text, seconds):
        start = parse_stamp(text)
        if name == "page_expiry":
            self._say("page_expiry.start_time is not allowed")
        elif start is None:
            self._say("expiry.start_time format is invalid, use yyyy-MM-dd hh:mm:ss Z")
        elif abs(start - self.now) > CLOCKS_APART:
            self._say("expiry.start_time must be the time of now")

    def _rest(self):
        body = self.body
        methods = body.get("enabled_payments")
        if methods is not None and not (isinstance(methods, list)
                                        and all(isinstance(m, str) for m in methods)):
            self._say("enabled_payments must be an array of strings")
        callbacks = self._object("callbacks") or {}
        finish = callbacks.get("finish")
        if finish is not None and not (isinstance(finish, str)
                                       and re.match(r"https?://[^/\s]+[^\s]*\Z", finish)):
            self._say("callbacks.finish must be an absolute URL")
        for n in (1, 2, 3):
            name = "custom_field%d" % n
            value = body.get(name)
            if value is not None and not (isinstance(value, str) and len(value) <= 255):
                self._say(name + (" too long" if isinstance(value, str) else " must be a string"))
        card = self._object("credit_card")
        if card is not None and not isinstance(card.get("secure", True), bool):
            self._say("credit_card.secure must be a boolean")
