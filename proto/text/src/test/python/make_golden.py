#!/usr/bin/env python3
"""Renders the golden files that the Java tests are held against. Needs jinja2 3.1; run it once after a change of the cases.

usage: make_golden.py REPOSITORY_ROOT

The environment is set up as Hugging Face's transformers does: an immutable sandbox with trim_blocks, lstrip_blocks and loop controls,
a `tojson` that neither escapes nor sorts, `raise_exception` and `strftime_now`.
"""
import datetime
import json
import os
import random
import sys

import jinja2
import jinja2.ext
from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOW = datetime.datetime(2026, 3, 7, 9, 5, 3)


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        call = self.call_method("_body")
        return jinja2.nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def environment():
    def raise_exception(message):
        raise TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = NOW.strftime
    return env


ENV = environment()


def golden(case, source):
    try:
        case["expected"] = ENV.from_string(source).render(**case["variables"])
    except Exception as e:
        case["error"] = "%s: %s" % (type(e).__name__, e)
    return case


# ---------------------------------------------------------------- conversations
TOOLS = [
    {"type": "function", "function": {"name": "get_order_status", "description": "Look up an order.", "parameters": {
        "type": "object", "properties": {"order_id": {"type": "string", "description": "The order's \"id\""}}, "required": ["order_id"]}}},
    {"type": "function", "function": {"name": "wetter_für", "description": "Wie ist das Wetter? ☀️ <b>&</b>", "parameters": {
        "type": "object", "properties": {"ort": {"type": "string", "enum": ["Köln", "東京"]}, "tage": {"type": "integer", "default": 3},
                                         "genau": {"type": "boolean", "default": False}, "faktor": {"type": "number", "default": 1.50},
                                         "leer": {"type": "array", "items": {}, "default": []}}, "required": []}}},
]


def user(text):
    return {"role": "user", "content": text}


def assistant(text, *calls, **more):
    message = {"role": "assistant", "content": text}
    if calls:
        message["tool_calls"] = list(calls)
    message.update(more)
    return message


def call(i, name, arguments):
    return {"id": "call%05d" % i, "type": "function", "function": {"name": name, "arguments": arguments}}


def tool(i, text, **more):
    return dict({"role": "tool", "tool_call_id": "call%05d" % i, "content": text}, **more)


SYSTEM = {"role": "system", "content": "  You help.\nBriefly.  "}
OBJECT = {"order_id": "A-1", "n": 2, "x": 1.0, "deep": {"é": [None, True, 1e-7, 1e22, "\u2028 \"q\" \\ \t\x01"]}}
CONVERSATIONS = {
    "one user message": [user("Hello")],
    "system and user": [SYSTEM, user("Hello")],
    "unicode": [SYSTEM, user("Grüße 👩‍👩‍👧‍👦 \u200d日本語\u00a0\n\n ende "), assistant("naïve 🤖\u3000"), user("\u2003ok\u2003")],
    "many turns": [SYSTEM, user("a"), assistant("b"), user("c"), assistant("d\n"), user(" e ")],
    "empty content": [user(""), assistant(""), user("")],
    "null content": [user("a"), assistant(None), user("b")],
    "missing content": [user("a"), {"role": "assistant"}, user("b")],
    "one call, arguments an object": [user("status?"), assistant("", call(1, "get_order_status", OBJECT)), tool(1, '{"status": "sent"}')],
    "one call, arguments a string": [user("status?"), assistant("Check: A-1", call(1, "get_order_status", '{"order_id":"A-1"}')),
                                     tool(1, "sent"), assistant("It is sent."), user("thanks")],
    "null content and a call": [user("status?"), assistant(None, call(1, "get_order_status", {"order_id": "A-1"})), tool(1, "sent")],
    "several calls": [SYSTEM, user("both?"), assistant("Two.", call(1, "get_order_status", {"order_id": "A"}),
                                                      call(2, "wetter_für", {"ort": "Köln"})),
                      tool(1, "sent"), tool(2, '{"t": 21.5}'), assistant("Sent, and 21.5 °C."), user("good")],
    "calls in a row": [SYSTEM, user("go"), assistant("", call(1, "get_order_status", {})), tool(1, "1"),
                       assistant("more", call(2, "get_order_status", {"order_id": "ü"})), tool(2, "2"), assistant("done"), user("bye")],
    "tool content is an object": [user("x"), assistant("", call(1, "f", {})), tool(1, {"content": {"a": [1, 2.5, None]}})],
    "short call id": [user("x"), assistant("", {"id": "1", "function": {"name": "f", "arguments": {}}}), dict(tool(1, "y"), tool_call_id="1")],
    "calls without function": [user("x"), {"role": "assistant", "content": "", "tool_calls": [{"name": "f", "arguments": {"a": 1}}]}],
    "calls is none": [user("x"), assistant("y", tool_calls=None), user("z")],
    "parts": [user([{"type": "text", "text": "first"}, {"type": "text", "text": "second"}])],
    "thinking": [user("x"), assistant("<think>\nhm, 1\n</think>\n\nanswer"), user("y"), assistant("<think>\nhm\n\n</think>\n\nmore")],
    "reasoning": [user("x"), assistant("plain", reasoning_content="\nso\n"), tool(1, "r"), assistant("end", reasoning_content="why")],
    "two users in a row": [user("a"), user("b")],
    "unknown role": [user("a"), {"role": "critic", "content": "b"}],
    "system in the middle": [user("a"), assistant("b"), {"role": "system", "content": "c"}, user("d")],
    "tool response as user": [user("q"), user("<tool_response>\nx\n</tool_response>"), assistant("z")],
    "no messages": [],
}
OPTIONS = {
    "": {},
    "prompt": {"add_generation_prompt": True},
    "tools": {"add_generation_prompt": True, "tools": TOOLS},
}
MORE = {
    "qwen3": {"no thinking": {"add_generation_prompt": True, "enable_thinking": False},
              "thinking": {"add_generation_prompt": True, "enable_thinking": True}},
    "llama-3.1": {"tools in system": {"add_generation_prompt": True, "tools": TOOLS, "tools_in_user_message": False},
                  "builtin": {"builtin_tools": ["code_interpreter", "brave_search", "get_order_status"], "date_string": "1 Jan 2030"},
                  "custom": {"custom_tools": TOOLS[:1]}},
}


def templates(root):
    here = os.path.join(root, "proto/text/src/test/resources/templates")
    found = {f[:-6]: open(os.path.join(here, f), newline="").read() for f in sorted(os.listdir(here)) if f.endswith(".jinja")}
    with open(os.path.join(root, "deploy/local/models/brook/brook/tokenizer_config.json")) as f:
        found["brook"] = json.load(f)["chat_template"]
    return found


def conversations(root):
    cases = []
    for name, source in templates(root).items():
        options = dict(OPTIONS, **MORE.get(name, {}))
        for conversation, messages in CONVERSATIONS.items():
            for option, extra in options.items():
                variables = dict({"messages": messages, "tools": None, "bos_token": "<s>", "eos_token": "</s>"}, **extra)
                cases.append(golden({"template": name, "name": conversation + (", " + option if option else ""),
                                     "variables": variables}, source))
    return cases


# ---------------------------------------------------------------- snippets
VARIABLES = {
    "n": 7, "z": 0, "neg": -3, "f": 2.5, "t": True, "no": False, "nil": None, "s": "Hello Wörld", "e": "", "sp": " \t x y \n",
    "l": [3, 1, 2], "ls": ["b", "A", "c"], "el": [], "d": {"b": 1, "a": "x", "items": 5}, "ed": {}, "u": "a😀b",
    "people": [{"name": "Bo", "age": 3, "in": {"x": 1}}, {"name": "al", "age": 2, "in": {"x": 2}}, {"name": "Cy", "in": {"x": 1}}],
    "msgs": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a", "tool_calls": []}],
}
SNIPPETS = """
{{ n }}|{{ f }}|{{ t }}|{{ no }}|{{ nil }}|{{ s }}|{{ l }}|{{ d }}|{{ missing }}|{{ (1,) }}|{{ (1, 2) }}|{{ () }}
{{ n + 1 }} {{ n - 10 }} {{ n * f }} {{ n / 2 }} {{ n // 2 }} {{ neg // 2 }} {{ neg % 5 }} {{ 2 ** 10 }} {{ -n }} {{ +n }} {{ 2 ** -1 }}
{{ 7 / 7 }} {{ 1e16 }} {{ 1e15 }} {{ 0.1 + 0.2 }} {{ 1e-5 }} {{ 123456789.125 }} {{ 1.5e300 * 10 }} {{ 0.0001 }} {{ -0.0 }}
{{ 1 == 1.0 }} {{ 1 == true }} {{ "a" < "b" }} {{ [1, 2] < [1, 3] }} {{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }} {{ (1, 2) == [1, 2] }} {{ {"a": 1} == {"a": 1.0} }}
{{ 1 in l }} {{ 9 not in l }} {{ "ell" in s }} {{ "a" in d }} {{ missing in l }} {{ 1 in missing }} {{ not 1 in l }}
{{ nil in s }}
{{ 1 in nil }}
{{ "a" < 1 }}
{{ missing < 1 }}
{{ missing + 1 }}
{{ missing.x }}
{{ nil.x }}|{{ n.x }}|{{ s.x }}|{{ l.x }}
{{ nil.x.y }}
{{ missing() }}
{{ n() }}
{{ d.items }}
{{ d["items"] }} {{ d.b }} {{ d.nope }} {{ d["nope"] }} {{ d.get("a") }} {{ d.get("q") }} {{ d.get("q", 4) }}
{{ l[0] }} {{ l[-1] }} {{ l[9] }} {{ l.0 }} {{ s[0] }} {{ s[-1] }} {{ s[99] }} {{ u[1] }} {{ u[2] }} {{ l[true] }}
{{ l[1:] }} {{ l[:-1] }} {{ l[::-1] }} {{ l[::2] }} {{ l[-2:] }} {{ l[5:] }} {{ s[1:4] }} {{ s[::-1] }} {{ u[::-1] }} {{ u[1:] }} {{ s[-3:-1] }} {{ l[2:0:-1] }} {{ s[:99] }} {{ (1,2,3)[1:] }}
{{ "a" ~ 1 ~ nil ~ 2.0 ~ missing ~ true ~ [1, "x"] }}
{{ "a" + "b" }} {{ [1] + [2] }} {{ "ab" * 3 }} {{ 2 * "ab" }} {{ [0] * 3 }} {{ "ab" * -1 }}
{{ "a" + 1 }}
{{ 1 + "a" }}
{{ [1] + (2,) }}
{{ 1 / 0 }}
{{ 1 // 0 }}
{{ 1 % 0 }}
{{ 1 if t else 2 }} {{ 1 if no else 2 }} {{ 1 if no }}| {{ "x" if t and not no else "y" }} {{ 1 if no else 2 if no else 3 }}
{{ t and "yes" }} {{ e or "fallback" }} {{ nil and 1 }} {{ 0 or [] or {} }} {{ not e }} {{ not not l }}
{{ "tab\\tnl\\nq\\"\\x41\\u00e9\\q\\\\" }} {{ 'it''s' }} {{ "é" "è" }} {{ '\\101' }}
{{ ["it's", 'say "x"', "both'\\"", "nl\\n\\t\\\\", "é\\x07\\x7f\\xa0\\u200b😀"] }}
{{ s|upper }} {{ s|lower }} {{ s|title }} {{ s|capitalize }} {{ sp|trim }} {{ "xxaxx"|trim("x") }} {{ nil|upper }} {{ "hello wORLD-foo (bar)"|title }}
{{ s.upper() }} {{ s.lower() }} {{ "they're bill's".title() }} {{ s.capitalize() }} {{ sp.strip() }}|{{ sp.lstrip() }}|{{ sp.rstrip() }}| {{ "xyaxy".strip("xy") }} {{ "ab".lstrip("b") }}
{{ "a,b,,c".split(",") }} {{ " a  b ".split() }} {{ "a b c".split(" ", 1) }} {{ "a b c".split(None, 1) }} {{ "a,b,c".rsplit(",", 1) }} {{ "".split() }} {{ "".split(",") }} {{ "abc".split("</x>")[-1] }}
{{ "a-b".partition("-") }} {{ "a-b-c".rpartition("-") }} {{ "ab".partition("-") }} {{ "a\\nb\\r\\nc\\n".splitlines() }} {{ ",".join(ls) }}
{{ s.startswith("Hell") }} {{ s.endswith(("x", "d")) }} {{ s.find("W") }} {{ u.find("b") }} {{ s.rfind("l") }} {{ s.count("l") }} {{ "123".isdigit() }} {{ "ab1".isalnum() }} {{ "ab".isalpha() }} {{ " ".isspace() }} {{ "AB".isupper() }} {{ "".islower() }}
{{ s.replace("l", "L") }} {{ s.replace("l", "L", 1) }} {{ s|replace("l", "") }} {{ "aaa"|replace("a", "b", 2) }} {{ "ab".replace("", "-") }} {{ "7".zfill(3) }} {{ "-7".zfill(4) }} {{ "a".ljust(3) }}| {{ "a".rjust(3, "*") }} {{ "prefix-x".removeprefix("prefix-") }} {{ "x.y".removesuffix(".y") }}
{{ s.nope() }}
{{ s|nope }}
{{ s is nope }}
{% nope %}
{{ l|length }} {{ s|length }} {{ u|length }} {{ d|count }} {{ missing|length }} {{ e|length }}
{{ n|length }}
{{ l|join("-") }} {{ l|join }} {{ people|join(", ", attribute="name") }} {{ missing|join }} {{ s|join("-") }}
{{ l|first }} {{ l|last }} {{ el|first }}| {{ s|first }} {{ s|last }} {{ d|first }} {{ l|reverse|list }} {{ s|reverse }} {{ l|sort }} {{ ls|sort }} {{ ls|sort(reverse=true) }} {{ ls|sort(case_sensitive=true) }} {{ people|sort(attribute="name")|map(attribute="name")|list }}
{{ missing|default("d") }} {{ nil|default("d") }} {{ e|default("d", true) }} {{ e|default("d") }}| {{ d.q|d(1) }} {{ missing.q|default("x") }}
{{ d.items()|list }} {{ d|items|list }} {{ d.keys()|list }} {{ d.values()|list }} {{ d|dictsort }} {{ {"B": 1, "a": 2}|dictsort }} {{ {"B": 2, "a": 1}|dictsort(by="value") }} {{ {"B": 2, "a": 1}|dictsort(true) }} {{ d|list }} {{ missing|items|list }}
{{ n|items }}
{{ people|map(attribute="name")|list }} {{ people|map(attribute="age", default=0)|list }} {{ people|map(attribute="in.x")|list }} {{ ls|map("upper")|list }} {{ ls|map("replace", "b", "B")|join }}
{{ people|selectattr("age")|map(attribute="name")|list }} {{ people|selectattr("age", "defined")|list|length }} {{ people|rejectattr("age", "defined")|list|length }} {{ people|selectattr("age", "equalto", 3)|list|length }} {{ people|selectattr("in.x", "==", 1)|map(attribute="name")|join }} {{ msgs|selectattr("role", "in", ["user", "x"])|list|length }}
{{ l|select("gt", 1)|list }} {{ l|reject("odd")|list }} {{ [0, 1, "", "a"]|select|list }} {{ ["a", 1]|select("string")|list }} {{ l|sum }} {{ people|sum("in.x") }} {{ l|min }} {{ l|max }} {{ el|max }}| {{ ["b", "B", "a"]|unique|list }} {{ [1, 2, 3]|batch(2)|list }} {{ [1, 2, 3]|batch(2, 0)|list }}
{{ l|select("gt", 9)|length }}
{% if l|select("gt", 9) %}generators are true{% endif %}
{% set g = l|map("string") %}{{ g|join }}{{ g|join }}
{{ "42"|int }} {{ "x"|int }} {{ "x"|int(5) }} {{ "3.9"|int }} {{ 3.9|int }} {{ "ff"|int(0, 16) }} {{ "1.5"|float }} {{ "x"|float }} {{ -3|abs }} {{ 2.567|round(2) }} {{ 2.5|round }} {{ 42|round }} {{ 2.1|round(0, "ceil") }} {{ nil|int }} {{ 5|float }}
{{ n|string + "x" }} {{ nil|string }} {{ l|string }} {{ d|string }} {{ 1.0|string }} {{ "<b>"|safe }}
{{ "a\\nb\\n\\nc"|indent }} {{ "a\\nb"|indent(2, true) }} {{ "a\\n\\nb"|indent(2, blank=true) }} {{ "a\\nb"|indent("> ") }}| {{ "a b  c"|wordcount }}
{{ d|tojson }} {{ l|tojson }} {{ nil|tojson }} {{ t|tojson }} {{ f|tojson }} {{ "é\\"</\\n\\x01"|tojson }} {{ (1, "a")|tojson }} {{ {1: 2, none: 3, false: 4, 1.5: 5}|tojson }} {{ 1e100|tojson }}
{{ d|tojson(indent=2) }} {{ el|tojson(indent=2) }} {{ {"a": [], "b": {}, "c": [1, {"d": 2}]}|tojson(indent=4) }} {{ d|tojson(sort_keys=true) }} {{ d|tojson(separators=(",", ":")) }} {{ "é😀"|tojson(ensure_ascii=true) }} {{ l|tojson(indent="--") }}
{{ missing|tojson }}
{{ n is number }} {{ t is number }} {{ f is float }} {{ n is integer }} {{ t is integer }} {{ t is boolean }} {{ s is string }} {{ d is mapping }} {{ l is mapping }} {{ l is sequence }} {{ s is sequence }} {{ d is sequence }} {{ n is sequence }} {{ s is iterable }} {{ n is iterable }} {{ nil is iterable }} {{ missing is iterable }}
{{ missing is defined }} {{ missing is not defined }} {{ missing is undefined }} {{ nil is defined }} {{ nil is none }} {{ nil is not none }} {{ t is true }} {{ 1 is true }} {{ no is false }} {{ n is odd }} {{ n is even }} {{ n is divisibleby 7 }} {{ n is divisibleby(2) }} {{ n is eq 7 }} {{ n is equalto(7) }} {{ n is ne 7 }} {{ n is gt 3 }} {{ n is lessthan 3 }} {{ 1 is in l }} {{ nil is sameas none }} {{ "abc" is lower }} {{ "aBc" is upper }} {{ d.q is defined }} {{ range is callable }}
{{ n is string or n is number and not s is number }} {{ not n is string }} {{ n + 1 is number }} {{ "a" if n is defined else "b" }}
{% for x in l %}{{ loop.index }}/{{ loop.length }}:{{ x }}{{ "," if not loop.last }}{% endfor %}
{% for x in l %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.depth }}{{ loop.cycle("a", "b") }}{{ loop.changed(x > 1) }};{% endfor %}
{% for x in el %}x{% else %}none{% endfor %}{% for x in missing %}x{% else %}undef{% endfor %}{% for c in u %}[{{ c }}]{% endfor %}{% for k in d %}{{ k }}{% endfor %}
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}{% for k, v in d|dictsort %}{{ k }}{% endfor %}{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for p in people if p.age is defined %}{{ loop.index }}{{ p.name }}{{ loop.last }}{% endfor %}{% for x in l if x > 9 %}x{% else %}nothing{% endfor %}
{% for x in nil %}x{% endfor %}
{% for a, b in [1] %}x{% endfor %}
{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% if x == 2 %}{% break %}{% endif %}{% endfor %}{% for i in l %}{% for j in l %}{% if j == 1 %}{% break %}{% endif %}{{ j }}{% endfor %}|{% endfor %}
{% break %}
{% set x = 1 %}{% for i in l %}{{ x }}{% set x = x + i %}{{ x }};{% endfor %}{{ x }}
{% set ns = namespace(c=0, found=false) %}{% for i in l %}{% set ns.c = ns.c + i %}{% endfor %}{{ ns.c }} {{ ns.found }} {{ ns.q }}
{% set d.x = 1 %}
{% set a, b = 1, "two" %}{{ a }}{{ b }}{% set c = 1, 2 %}{{ c }}
{% set a, b = [1] %}
{% set x %}  in{{ n }} {% endset %}[{{ x }}]{% set y | upper | trim %} abc {% endset %}[{{ y }}]
{% if no %}a{% elif n == 7 %}b{% else %}c{% endif %}{% if missing %}x{% endif %}{% if el or ed or e or z %}x{% else %}falsy{% endif %}
{% if t %}{% set q = 5 %}{% endif %}{{ q }}{% if no %}{% set w = 5 %}{% endif %}{{ w }}
{% macro m(a, b=2, c=a) %}{{ a }}-{{ b }}-{{ c }};{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(a=4, c=5) }}{{ m() }}
{% macro m(a) %}x{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}x{% endmacro %}{{ m(b=2) }}
{% macro m(n) %}{{ n }}{% if n > 0 %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(3) }}
{% macro box(t) %}<{{ t }}:{{ caller("in") }}>{% endmacro %}{% call(x) box("T") %}body {{ x }} {{ n }}{% endcall %}
{% macro m() %}{{ outer }}{% endmacro %}{% set outer = 1 %}{{ m() }}{% for outer in [5] %}{{ m() }}{% endfor %}
{% filter upper %}ab{{ s }}{% endfilter %} {% with a = 1, b = n %}{{ a }}{{ b }}{% endwith %}{{ a }} {% raw %}{{ x }}{% y %}{% endraw %}
{% generation %}g{{ n }}{% endgeneration %}|{{ strftime_now("%d %b %Y") }}|{{ strftime_now("%Y-%m-%d %H:%M:%S %A %B %a %j %y %I %p %%") }}
{{ raise_exception("no!") }}
{{ range(3)|list }} {{ range(1, 4)|list }} {{ range(5, 0, -2)|list }} {{ range(0)|list }} {{ dict(a=1, b="x") }} {{ namespace(a=1).a }} {{ range(3)|length }} {% for i in range(2) %}{{ i }}{% endfor %}
{{ range(1000000)|list }}
{{ {"a": {"b": [1, {"c": 2}]}}.a.b[1].c }} {{ {"a": 1, "b": 2}["b"] }} {{ {} }} {{ [] }} {{ [[1, 2], [3]][0][1] }} {{ {"x": "}}"} }}
{{ 1, 2 }} {{ (1) }} {{ (1, "b", none) }} {{ [1, 2,] }} {{ {"a": 1,} }}
{{ 'single "x"' }} {{ "%}" }} {{ '}}' }}{# a comment {{ n }} #}{#- trimmed -#}   x
{{- n -}}   {{ n }}   {{- n }} {{+ n }}
{{ n|d|string|length }} {{ -n|abs }} {{ (-n)|abs }} {{ n.real|default("q") }} {{ 3|float|string }} {{ l|map("string")|join("+") }} {{ "a"|upper ~ "b" }} {{ 2 ** 3 ** 2 }} {{ 10 - 2 - 3 }} {{ 2 + 3 ~ 4 }} {{ not 1 == 2 }} {{ 1 ~ 2 == "12" }}
{{ dict(**d) }} {{ range(*[1, 3])|list }}
{{ l.append(1) }}
{{ l.index(1) }} {{ l.count(1) }} {{ "abc".index("c") }}
{{ x
{{ 1 +
{% if n %}x
{% for %}{% endfor %}
{{ "unclosed }}
{{ ] }}
{{ [1, 2 }}
{% endif %}
{% if n %}{% endfor %}
{{ n & 1 }}
{# open
{{ u.upper() }} {{ u|upper }} {{ "ß"|upper }} {{ "İ"|lower|length }} {{ "é" < "z" }} {{ "😀" > "\\uffee" }}
{{ people|map(attribute="nope")|list|length }} {{ people[0].in.x }} {{ people[-1]["in"]["x"] }} {{ msgs[-1].tool_calls is defined and msgs[-1].tool_calls|length == 0 }} {{ msgs[0].tool_calls is not defined }} {{ "tool_calls" in msgs[1] }} {{ msgs[5] is defined }}
{{ 99999999999 * 1000 }} {{ 1_000 }} {{ 1e3 }} {{ 1.0 }} {{ 100000000000000000000.0 }} {{ 5 % 3.5 }} {{ 7.5 // 2 }} {{ -7.5 // 2 }} {{ true + true }} {{ 3.0 == 3 }}
"""
BLOCKS = [
    "a\n{% if t %}\nb\n{% endif %}\nc\n",
    "  {% if t %}\n  b\n  {% endif %}\n  c",
    "  {%- if t %}\n  b\n  {%- endif -%}\n  c\n\n",
    "x {% if t %} y {% endif %} z",
    "  {{ n }}\n  {{- n }}\n  {{ n -}}\n  z",
    "{# c #}\nx\n  {# c #}\n  y {#- c -#} z",
    "a  {%+ if t %}b{%+ endif +%}\nc",
    "{% for x in l %}\n  - {{ x }}\n{% endfor %}\nend\n\n",
    "{%- for x in l -%}\n  {{ x }}\n{%- endfor -%}\n end",
    "\n\n{% set x = 1 %}\n\n{{ x }}\n\n",
    "\r\na\r\n{% if t %}\r\nb{% endif %}\r\n",
    "   {% raw %}\n  {{ a }}\n  {% endraw %}\n  x",
    "{%- raw -%}   {{ a }}   {%- endraw -%}   x",
    "a\n   \n  {% if t %}   \n  b{% endif %}   ",
    "\u00a0 {%- if t %}x{% endif -%}\u2003 y",
    "{% if t %}\n\n\nx{% endif %}",
    "{{ n }}\n{{ n }}\n",
    "{% set x %}\n  a\n  b\n{% endset %}\n[{{ x }}]",
    "{% macro m(x) %}\n  {{ x }}\n{% endmacro %}\n{{ m(1) }}{{ m(2) }}",
    "{%if t%}a{%endif%}{%-if t-%} b {%-endif-%} c",
    "{ {{ n }} } {{ '{' }} {% raw %}{%{% endraw %} { % } {{'{{'}}",
]


# ---------------------------------------------------------------- random expressions
class Gen:
    NUMBERS = ["0", "1", "2", "7", "-3", "2.5", "0.1", "1e20", "n", "z", "neg", "f", "t", "no", "true", "l|length", "l[0]", "d.b"]
    TEXTS = ['"a"', '"Ab c"', '""', "s", "e", "sp", "u", '"x,y"', "s[1:3]", "d.a", "people[0].name"]
    LISTS = ["l", "ls", "el", "[1, 2]", '["q", none]', "(1, 2)", "l[1:]", "people|map(attribute='name')|list", "d.keys()|list"]
    OTHERS = ["nil", "missing", "d", "ed", "none", "d.nope", "people[0]", "people[9]"]

    def __init__(self, seed):
        self.r = random.Random(seed)

    def any(self, depth):
        r = self.r.random()
        if depth <= 0 or r < 0.12:
            return self.r.choice(self.NUMBERS + self.TEXTS + self.LISTS + self.OTHERS)
        return self.r.choice([self.number, self.text, self.list, self.boolean, self.choice])(depth - 1)

    def number(self, depth):
        if depth <= 0:
            return self.r.choice(self.NUMBERS)
        return self.r.choice([
            lambda: "(%s %s %s)" % (self.number(depth - 1), self.r.choice(["+", "-", "*", "/", "//", "%"]), self.number(depth - 1)),
            lambda: "-%s" % self.number(depth - 1).lstrip("-"),
            lambda: "%s|abs" % self.number(0).lstrip("-"), lambda: "%s|length" % self.list(depth - 1),
            lambda: "%s|length" % self.text(depth - 1), lambda: "%s|int" % self.text(0), lambda: "(%s)|round(1)" % self.number(depth - 1),
            lambda: "%s|sum" % self.list(0), lambda: "%s.find(%s)" % (self.text(0), self.text(0))])()

    def text(self, depth):
        if depth <= 0:
            return self.r.choice(self.TEXTS)
        return self.r.choice([
            lambda: "(%s ~ %s)" % (self.any(depth - 1), self.any(depth - 1)), lambda: "(%s + %s)" % (self.text(depth - 1), self.text(depth - 1)),
            lambda: "%s|%s" % (self.text(0), self.r.choice(["upper", "lower", "trim", "title", "capitalize", "string", "reverse"])),
            lambda: "%s.%s()" % (self.text(0), self.r.choice(["upper", "strip", "lstrip", "rstrip", "title", "capitalize"])),
            lambda: "%s|tojson" % self.any(depth - 1), lambda: "(%s)|string" % self.any(depth - 1),
            lambda: "%s|join(%s)" % (self.list(depth - 1), self.text(0)), lambda: "%s.replace(%s, %s)" % (self.text(0), self.text(0), self.text(0)),
            lambda: "(%s)[%s:%s]" % (self.text(depth - 1), self.bound(), self.bound()),
            lambda: "(%s)[%s:%s:%s]" % (self.text(depth - 1), self.bound(), self.bound(), self.r.choice(["1", "-1", "2", "-2", "3"])),
            lambda: "(%s)[%s]" % (self.text(depth - 1), self.r.choice(["0", "-1", "3"]))])()

    def bound(self):
        return self.r.choice(["", "0", "1", "-1", "2", "-2", "9", "-9"])

    def list(self, depth):
        if depth <= 0:
            return self.r.choice(self.LISTS)
        return self.r.choice([
            lambda: "[%s, %s]" % (self.any(depth - 1), self.any(depth - 1)), lambda: "(%s + %s)" % (self.list(depth - 1), self.list(depth - 1)),
            lambda: "(%s)[%s:%s:%s]" % (self.list(depth - 1), self.bound(), self.bound(), self.r.choice(["1", "-1", "2", "-2"])),
            lambda: "%s.split(%s)" % (self.text(0), self.text(0)), lambda: "%s|list" % self.text(0), lambda: "%s|map('string')|list" % self.list(depth - 1),
            lambda: "%s|select|list" % self.list(depth - 1), lambda: "%s|sort" % self.list(0), lambda: "%s|unique|list" % self.list(0)])()

    def boolean(self, depth):
        return self.r.choice([
            lambda: "(%s %s %s)" % (self.any(depth - 1), self.r.choice(["==", "!=", "in", "not in", "and", "or"]), self.any(depth - 1)),
            lambda: "(%s %s %s)" % (self.number(depth - 1), self.r.choice(["<", "<=", ">", ">="]), self.number(depth - 1)),
            lambda: "(%s %s %s)" % (self.text(depth - 1), self.r.choice(["<", "<=", ">", ">="]), self.text(depth - 1)),
            lambda: "(not %s)" % self.any(depth - 1), lambda: "%s.startswith(%s)" % (self.text(0), self.text(0)),
            lambda: "((%s) is %s)" % (self.any(depth - 1), self.r.choice(["defined", "none", "string", "number", "mapping", "sequence", "iterable",
                                                                        "boolean", "true", "not defined", "not none", "integer", "float"]))])()

    def choice(self, depth):
        return "(%s if %s else %s)" % (self.any(depth - 1), self.boolean(depth - 1), self.any(depth - 1))


def snippets():
    sources = [line for line in SNIPPETS.strip("\n").split("\n")] + BLOCKS
    gen = Gen(20260307)
    sources += ["{{ %s }}" % gen.any(4) for _ in range(1500)]
    return [golden({"source": s, "variables": VARIABLES}, s) for s in sources]


def write(path, cases, shared=None):
    if shared is not None:
        cases = {"variables": shared, "cases": [{k: v for k, v in c.items() if k != "variables"} for c in cases]}
    with open(path, "w") as f:
        json.dump(cases, f, ensure_ascii=True, indent=0)
        f.write("\n")
    listed = cases["cases"] if shared is not None else cases
    print(path, len(listed), "cases,", sum("error" in c for c in listed), "of them errors")


def utf8():
    r = random.Random(7)
    values = [0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0x9f, 0xa0, 0xe2, 0x82, 0xac, 0xed, 0xef, 0xf0, 0x8f, 0x90, 0xf4, 0xf5, 0xff]
    texts = [bytes(r.choice(values) for _ in range(r.randint(1, 7))) for _ in range(600)] + ["\u20ac\U0001f600".encode()]
    return [{"bytes": b.hex(), "text": b.decode("utf-8", errors="replace")} for b in texts]


def main():
    root = sys.argv[1]
    out = os.path.join(root, "proto/text/src/test/resources/golden")
    os.makedirs(out, exist_ok=True)
    write(os.path.join(out, "conversations.json"), conversations(root))
    write(os.path.join(out, "snippets.json"), snippets(), VARIABLES)
    write(os.path.join(out, "utf8.json"), utf8())


if __name__ == "__main__":
    main()
