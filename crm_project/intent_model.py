"""The language model that is asked what a reply means where our own judgement is unsure; none unless an operator names one."""

import environ

_env = environ.Env()
# Any server that speaks OpenAI's chat completions: `url` is its address up to /v1.
INTENT_MODEL: dict[str, str] = {
    "url": _env.str("INTENT_MODEL_URL", default="").rstrip("/"),
    "name": _env.str("INTENT_MODEL_NAME", default=""),
    "key": _env.str("INTENT_MODEL_KEY", default=""),
}
