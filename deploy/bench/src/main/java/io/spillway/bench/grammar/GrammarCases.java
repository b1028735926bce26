package io.spillway.bench.grammar;

import io.spillway.grammar.GrammarSource;
import io.spillway.grammar.ToolCallGrammar;
import io.spillway.grammar.schema.Whitespace;
import java.util.List;

/** Grammars as tools have them, each with outputs that a model might write. */
final class GrammarCases {
    private static final String PROSE = "The quarterly report shows that revenue rose by 12% while costs stayed flat; see section 4.2 for the details. "
        + "Naïve estimates – including Zürich's – were too low. 日本語の注記もあります。 ";
    private static final String WEATHER = """
        {"type":"object","properties":{"location":{"type":"string","description":"City and country"},
         "unit":{"type":"string","enum":["celsius","fahrenheit"]},"days":{"type":"integer","minimum":1,"maximum":14},
         "include":{"type":"array","items":{"enum":["wind","rain","snow","uv","pressure"]},"maxItems":5}},
         "required":["location","unit"],"additionalProperties":false}""";
    private static final String EVENT = """
        {"type":"object","properties":{"title":{"type":"string","minLength":1,"maxLength":120},
         "start":{"type":"string","format":"date-time"},"end":{"type":"string","format":"date-time"},
         "attendees":{"type":"array","minItems":1,"maxItems":50,"items":{"type":"object","properties":{
           "email":{"type":"string","format":"email"},"name":{"type":["string","null"]},"role":{"enum":["required","optional","chair"]}},
           "required":["email","name","role"],"additionalProperties":false}},
         "recurrence":{"anyOf":[{"type":"null"},{"type":"object","properties":{"every":{"enum":["day","week","month"]},
           "count":{"type":"integer","minimum":1,"maximum":366}},"required":["every","count"],"additionalProperties":false}]},
         "notes":{"type":"string","maxLength":4000}},
         "required":["title","start","end","attendees","recurrence","notes"],"additionalProperties":false}""";
    private static final String EDIT = """
        {"type":"object","properties":{"path":{"type":"string","pattern":"^[A-Za-z0-9_./-]{1,200}$"},
         "edits":{"type":"array","items":{"type":"object","properties":{"line":{"type":"integer","minimum":1},
           "remove":{"type":"integer","minimum":0,"maximum":10000},"insert":{"type":"string"}},
           "required":["line","remove","insert"],"additionalProperties":false}},"dry_run":{"type":"boolean"}},
         "required":["path","edits"],"additionalProperties":false}""";
    private static final String TREE = """
        {"$defs":{"node":{"anyOf":[
           {"type":"object","properties":{"kind":{"const":"text"},"value":{"type":"string"}},"required":["kind","value"],"additionalProperties":false},
           {"type":"object","properties":{"kind":{"const":"box"},"direction":{"enum":["row","column"]},
             "children":{"type":"array","items":{"$ref":"#/$defs/node"}}},"required":["kind","direction","children"],"additionalProperties":false}]}},
         "$ref":"#/$defs/node"}""";
    private static final String TICKET = """
        {"type":"object","properties":{"id":{"type":"string","pattern":"^[A-Z]{2,5}-[0-9]{1,6}$"},
         "price":{"type":"number","minimum":0,"maximum":99999.99,"multipleOf":0.01},"score":{"type":"number"},
         "uuid":{"type":"string","format":"uuid"},"labels":{"type":"object","properties":{"team":{"type":"string"},"tier":{"type":"integer"}},
           "additionalProperties":{"type":"string"}},"summary":{"type":"string","maxLength":280},"meta":{}},
         "required":["id","price","uuid","labels","summary"],"additionalProperties":false}""";
    private static final String GBNF = """
        root  ::= (line "\\n")+
        line  ::= ws stmt
        stmt  ::= "let " name " = " expr ";" | "print(" expr ("," ws expr)* ");"
        expr  ::= term (ws [-+] ws term)*
        term  ::= factor (ws [*/%] ws factor)*
        factor ::= number | name | string | "(" ws expr ws ")"
        name  ::= [a-z_] [a-zA-Z0-9_]{0,30}
        number ::= [0-9]+ ("." [0-9]+)?
        string ::= "\\"" ([^"\\\\\\n] | "\\\\" ["\\\\nt])* "\\""
        ws ::= [ \\t]{0,8}
        """;
    private static final String ARITHMETIC = """
        root    ::= sum (" = " sum)? "\\n"
        sum     ::= product (pad [-+] pad product)*
        product ::= power (pad [*/] pad power)*
        power   ::= atom ("^" atom)?
        atom    ::= number | "-" atom | "(" pad sum pad ")" | name ("(" sum ("," pad sum)* ")")?
        number  ::= [0-9]{1,15} ("." [0-9]{1,15})?
        name    ::= [a-z] [a-z0-9_]{0,30}
        pad     ::= " "?
        """;
    private static final String JSON = """
        root   ::= map
        any    ::= map | list | text | count | "true" | "false" | "null"
        map    ::= "{" gap (entry (comma entry)* gap)? "}"
        list   ::= "[" gap (any (comma any)* gap)? "]"
        entry  ::= text ":" " "? any
        comma  ::= "," gap
        text   ::= "\\"" letter* "\\""
        letter ::= [^"\\\\\\x00-\\x1f] | "\\\\" (["\\\\/bfnrt] | "u" hex hex hex hex)
        hex    ::= [0-9a-fA-F]
        count  ::= "-"? ("0" | [1-9] [0-9]*) ("." [0-9]+)? ([eE] [-+]? [0-9]{1,3})?
        gap    ::= [ \\n]{0,24}
        """;
    private static final String LOG = "\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z (?:INFO|WARN|ERROR) \\[[a-z.-]{1,40}\\] [^\\n]{1,200}(?: \\(\\d+ ms\\))?";

    private GrammarCases() {
    }

    /** @param outputs texts that satisfy the source */
    record Case(String name, GrammarSource source, List<String> outputs) {
    }

    static List<Case> all() {
        return List.of(schema("tool: weather", WEATHER, weather()), schema("tool: calendar event", EVENT, event()),
            schema("tool: file edits", EDIT, edit()), schema("recursive tree", TREE, List.of(tree(5), tree(2))),
            schema("ticket: patterns, bounds, maps", TICKET, ticket()),
            schema("order: 55 properties", OrderSchema.schema(), List.of(OrderSchema.order())),
            new Case("any JSON object", new GrammarSource.JsonObject(Whitespace.FLEXIBLE), List.of(event().getFirst(), tree(3))),
            new Case("Hermes call, 3 tools", hermes(ToolCallGrammar.Need.REQUIRED), List.of(call("weather", weather().getFirst()), call("event", event().getFirst()))),
            new Case("Hermes call after free text", hermes(ToolCallGrammar.Need.FREE), List.of(PROSE.repeat(3) + call("edit", edit().getFirst()))),
            new Case("GBNF: small language", new GrammarSource.Gbnf(GBNF), List.of("""
                let total = (price + 3.5) * count;
                  print("total: ", total, "in % of \\"all\\"", (total - 1) / 7);
                """.repeat(4))),
            new Case("GBNF: arithmetic", new GrammarSource.Gbnf(ARITHMETIC), List.of("-(price + 3.5) * count^2 - max(a1 / (b + 2), 17, log(x)) = total\n")),
            new Case("GBNF: JSON", new GrammarSource.Gbnf(JSON), List.of(event().getFirst(), tree(3))),
            new Case("regex: log line", new GrammarSource.Regex(LOG),
                List.of("2025-11-21T14:28:08Z WARN [node.engine] Step took longer than planned; batch of 16 cut to 8 (137 ms)")));
    }

    private static Case schema(final String name, final String schema, final List<String> outputs) {
        return new Case(name, new GrammarSource.JsonSchema(schema, true, Whitespace.FLEXIBLE), outputs);
    }

    private static GrammarSource hermes(final ToolCallGrammar.Need need) {
        final List<ToolCallGrammar.Tool> tools = List.of(new ToolCallGrammar.Tool("weather", WEATHER, true),
            new ToolCallGrammar.Tool("event", EVENT, true), new ToolCallGrammar.Tool("edit", EDIT, true));
        return ToolCallGrammar.of(ToolCallGrammar.Syntax.HERMES, new ToolCallGrammar.Calls(tools, need, true), Whitespace.FLEXIBLE).orElseThrow();
    }

    private static String call(final String tool, final String arguments) {
        return "<tool_call>\n{\"name\": \"" + tool + "\", \"arguments\": " + arguments + "}\n</tool_call>";
    }

    private static List<String> weather() {
        return List.of("{\"location\": \"Zürich, Switzerland\", \"unit\": \"celsius\", \"days\": 7, \"include\": [\"wind\", \"uv\"]}",
            "{\"location\":\"Springfield\",\"unit\":\"fahrenheit\"}");
    }

    private static List<String> event() {
        return List.of("{\"title\": \"Review of the quarterly report with everybody\", \"start\": \"2025-11-24T09:30:00Z\", \"end\": "
            + "\"2025-11-24T10:15:00+01:00\", \"attendees\": [{\"email\": \"ana.lopez@example.com\", \"name\": \"Ana López\", \"role\": \"chair\"}, "
            + "{\"email\": \"kim@mail.example.org\", \"name\": null, \"role\": \"optional\"}], \"recurrence\": {\"every\": \"week\", \"count\": 12}, "
            + "\"notes\": \"" + PROSE.repeat(4) + "\"}");
    }

    private static List<String> edit() {
        return List.of("{\"path\": \"node/engine/src/main/java/Main.java\", \"edits\": [{\"line\": 12, \"remove\": 3, \"insert\": "
            + "\"    final int count = list.size();\\n    // \\\"counted\\\" once\\n    for (int i = 0; i < count; i++) {\\n\"}, "
            + "{\"line\": 240, \"remove\": 0, \"insert\": \"" + PROSE.repeat(3) + "\"}], \"dry_run\": false}");
    }

    private static List<String> ticket() {
        return List.of("{\"id\": \"OPS-48213\", \"price\": 1249.95, \"score\": -1.25e-3, \"uuid\": \"3f2504e0-4f89-41d3-9a0c-0305e82c3301\", "
            + "\"labels\": {\"team\": \"storage\", \"tier\": 2, \"region\": \"eu-central\", \"terms\": \"net 30\"}, \"summary\": \"" + PROSE
            + "\", \"meta\": {\"seen\": [1, 2.5, true, null], \"by\": {\"agent\": \"triage\"}}}");
    }

    private static String tree(final int depth) {
        return depth == 0 ? "{\"kind\": \"text\", \"value\": \"" + PROSE + "\"}"
            : "{\"kind\": \"box\", \"direction\": \"row\", \"children\": [" + tree(depth - 1)
            + ", {\"kind\": \"text\", \"value\": \"Save & close\"}]}";
    }
}
