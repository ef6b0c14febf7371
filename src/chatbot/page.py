"""The plain page: says what is running, where the web interface is not there to show it."""

from __future__ import annotations

from html import escape

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>chatbot</title>
<style>
  :root {{ color-scheme: light dark; }}
  body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; }}
  pre {{ padding: 1rem; border: 1px solid; border-radius: .5rem; overflow-x: auto; }}
  .note {{ border-left: .25rem solid; padding-left: 1rem; }}
</style>
<h1>chatbot is running</h1>
<p>Version {version}. Answers come from <strong>{model}</strong>.</p>
{notes}
<h2>Ask it</h2>
<pre>curl -X POST {origin}/chat \\
  -H 'content-type: application/json' \\
  -d '{{"message": "What is the capital of France?"}}'</pre>
<p>Send the <code>conversation_id</code> of the answer along to go on with the conversation, and
<code>"stream": true</code> to read the answer while it is written.</p>
<h2>Look around</h2>
<ul>
  <li><a href="conversations">/conversations</a>: what was said</li>
  <li><a href="models">/models</a>: which models can answer</li>
  <li><a href="usage">/usage</a>: tokens and cost by day</li>
  <li><a href="health/detailed">/health/detailed</a>: whether all is well</li>
  <li><a href="openapi.json">/openapi.json</a>: everything the API can do</li>
</ul>
</html>
"""

_BUILTIN_NOTE = """<p class="note">This is the built-in model. It runs on this machine, costs nothing and needs no
key, and it is very small: good for trying things out, wrong about much. Connect a better one with the setting
<code>CHATBOT_MODEL</code>, for example <code>openai:llama3.2@http://127.0.0.1:11434/v1</code> for Ollama.</p>"""


_NO_WEB_NOTE = """<p class="note">The web interface is not built yet, so this plain page stands in for it.
<code>make run</code> builds it where Node.js 20.19 or newer, with npm, is found (<a
href="https://nodejs.org" rel="noreferrer">nodejs.org</a>); <code>make web</code> says what keeps it from being built.
Then load this page again.</p>"""


def first_page(version: str, model: str, origin: str, *, web_is_missing: bool = False) -> str:
    """HTML; ``origin`` is where this server is reached, such as ``http://127.0.0.1:8000``."""
    notes = (_NO_WEB_NOTE if web_is_missing else "") + (_BUILTIN_NOTE if model == "builtin" else "")
    return _PAGE.format(version=escape(version), model=escape(model), notes=notes, origin=escape(origin))
