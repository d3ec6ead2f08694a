"""A secret shows itself only to who asks for it by name."""

import base64
import copy
import json
import logging
import pickle
import traceback
from dataclasses import asdict, dataclass
from pprint import pformat
from urllib.parse import quote, unquote

import pytest

from airflow_synapse.secret import MASK, Secret

SENTINEL = "s3ntinel'}/+=&<\"\\"
SAS = "?sv=2018-03-28&sp=rl&sig=IEoOdmeY%2FKi%2Bq%3D"


@dataclass(frozen=True)
class Holder:
    secret: Secret


def _raise_with_local(secret):
    raise RuntimeError("failed")


def _traceback_with_locals(secret):
    try:
        _raise_with_local(secret)
    except RuntimeError as error:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    raise AssertionError("unreachable")


def _log_line(secret, caplog):
    logging.getLogger("secret").warning("value: %s %r", secret, secret)
    return caplog.text


@pytest.mark.parametrize(
    "show",
    [
        pytest.param(str, id="str"),
        pytest.param(repr, id="repr"),
        pytest.param(ascii, id="ascii"),
        pytest.param(lambda secret: f"{secret} {secret!r} {secret:>80}", id="f-string"),
        pytest.param("{0} {0!r} {0:^40}".format, id="str.format"),
        pytest.param("%s".__mod__, id="percent"),
        pytest.param(lambda secret: repr(Holder(secret)), id="dataclass repr"),
        pytest.param(lambda secret: repr(asdict(Holder(secret))), id="dataclass asdict"),
        pytest.param(lambda secret: repr([{"k": (secret,)}]), id="container"),
        pytest.param(lambda secret: pformat({"k": Holder(secret)}), id="pprint"),
        pytest.param(lambda secret: json.dumps({"k": secret}, default=str), id="json with default=str"),
        pytest.param(lambda secret: repr(copy.deepcopy(Holder(secret))), id="deepcopy"),
        pytest.param(_traceback_with_locals, id="traceback with locals"),
    ],
)
def test_secret_shown_is_masked(show):
    text = show(Secret(SENTINEL))

    assert MASK in text
    assert not any(form in text for form in Secret(SENTINEL).encodings())


def test_secret_logged_is_masked(caplog):
    text = _log_line(Secret(SENTINEL), caplog)

    assert MASK in text
    assert "s3ntinel" not in text


@pytest.mark.parametrize(
    "store",
    [
        pytest.param(pickle.dumps, id="pickle"),
        pytest.param(lambda secret: pickle.dumps(Holder(secret)), id="pickle of a holder"),
        pytest.param(json.dumps, id="json"),
        pytest.param(lambda secret: secret.__getstate__(), id="state"),
        pytest.param(vars, id="vars"),
        pytest.param(bytes, id="bytes"),
        pytest.param(lambda secret: "SECRET = " + secret, id="concatenation"),
        pytest.param(lambda secret: "".join([secret]), id="join"),
    ],
)
def test_secret_stored_raises_without_showing_it(store):
    with pytest.raises(TypeError) as caught:
        store(Secret(SENTINEL))

    assert "s3ntinel" not in str(caught.value)


@pytest.mark.parametrize("make_copy", [copy.copy, copy.deepcopy])
def test_secret_copied_keeps_its_text(make_copy):
    assert make_copy(Secret(SENTINEL)).reveal() == SENTINEL


@pytest.mark.parametrize("value", [5, b"x", None])
def test_secret_that_is_no_text_is_refused(value):
    with pytest.raises(TypeError, match="A secret is a text"):
        Secret(value)


def test_secret_empty_is_refused():
    with pytest.raises(ValueError, match="empty"):
        Secret("")


def test_secrets_are_equal_by_their_text_and_never_to_it():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(SENTINEL, id="plain"),
        pytest.param(SENTINEL.replace("'", "''"), id="T-SQL"),
        pytest.param(SENTINEL.replace("}", "}}"), id="ODBC"),
        pytest.param(quote(SENTINEL, safe=""), id="URL"),
        pytest.param(quote(SENTINEL), id="URL path"),
        pytest.param(base64.b64encode(SENTINEL.encode()).decode(), id="base64"),
        pytest.param(repr(SENTINEL)[1:-1], id="repr"),
        pytest.param(json.dumps(SENTINEL)[1:-1], id="JSON"),
        pytest.param("s3ntinel&#x27;}/+=&amp;&lt;&quot;\\", id="HTML"),
    ],
)
def test_redact_replaces_each_form_of_the_secret(form):
    assert Secret(SENTINEL).redact(f"before {form} after") == f"before {MASK} after"


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(SAS, id="plain"),
        pytest.param(SAS.lstrip("?"), id="without question mark"),
        pytest.param(unquote(SAS), id="URL-decoded"),
        pytest.param("sp=rl&sig=IEoOdmeY%2FKi%2Bq%3D&sv=2018-03-28", id="other order"),
        pytest.param("IEoOdmeY/Ki+q=", id="signature alone, decoded"),
    ],
)
def test_redact_hides_the_signature_of_a_shared_access_signature(form):
    assert "IEoOdmeY" not in Secret(SAS).redact(f"GET {form} 403")


def test_redact_decoded_base64_secret_is_hidden():
    assert Secret(base64.b64encode(b"plain key").decode()).redact("the plain key leaks") == f"the {MASK} leaks"


def test_redact_secret_with_half_of_a_surrogate_pair_is_hidden():
    assert Secret("s3ntinel\ud800").redact("before s3ntinel\ud800 after") == f"before {MASK} after"


def test_encodings_put_the_longest_first_so_that_no_tail_is_left():
    lengths = [len(form) for form in Secret(SAS).encodings()]

    assert lengths == sorted(lengths, reverse=True)
