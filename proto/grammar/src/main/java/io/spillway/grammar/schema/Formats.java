package io.spillway.grammar.schema;

import java.math.BigDecimal;
import java.util.Map;
import java.util.Set;

/** Formats by name, as regular expressions that match whole texts. What they match is valid; odd forms that are valid too may be missing. */
final class Formats {
    private static final String YEAR = "[1-9]\\d{3}";
    private static final String LEAP_YEAR = "(?:[1-9]\\d(?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[13579][26])00)";
    private static final String DATE = "(?:" + YEAR + "-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)"
        + "|02-(?:0[1-9]|1\\d|2[0-8]))|" + LEAP_YEAR + "-02-29)";
    private static final String TIME = "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)";
    private static final String N = "\\d{1,9}";
    private static final String DURATION = "P(?:(?:" + N + "Y(?:" + N + "M(?:" + N + "D)?)?|" + N + "M(?:" + N + "D)?|" + N + "D)(?:T" + hours()
        + ")?|T" + hours() + "|" + N + "W)";
    private static final String LABEL = "[A-Za-z0-9]{1,20}(?:-[A-Za-z0-9]{1,20}){0,2}";
    private static final String HOST = LABEL + "(?:\\." + LABEL + "){0,2}";
    private static final String ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}";
    private static final String EMAIL = ATOM + "(?:\\." + ATOM + "){0,2}@" + LABEL + "(?:\\." + LABEL + "){1,2}";
    private static final String OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
    private static final String IPV4 = OCTET + "(?:\\." + OCTET + "){3}";
    private static final String HEX = "[0-9a-fA-F]";
    private static final String UUID = HEX + "{8}-" + HEX + "{4}-" + HEX + "{4}-" + HEX + "{4}-" + HEX + "{12}";
    private static final String PATH_CHAR = "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%" + HEX + "{2})";
    private static final String AFTER_PATH = "(?:\\?(?:" + PATH_CHAR + "|[/?])*)?(?:#(?:" + PATH_CHAR + "|[/?])*)?";
    private static final String URI = "[A-Za-z][A-Za-z0-9+.-]{0,19}:(?://" + HOST + "(?::[1-9]\\d{0,3})?(?:/" + PATH_CHAR + "*)*|"
        + PATH_CHAR + "+)" + AFTER_PATH;
    private static final Map<String, String> REGEXES = Map.ofEntries(
        Map.entry("date", DATE), Map.entry("time", TIME), Map.entry("date-time", DATE + "T" + TIME), Map.entry("duration", DURATION),
        Map.entry("email", EMAIL), Map.entry("hostname", HOST), Map.entry("ipv4", IPV4), Map.entry("ipv6", ipv6()),
        Map.entry("uuid", UUID), Map.entry("uri", URI), Map.entry("iri", URI), Map.entry("uri-reference", URI),
        Map.entry("iri-reference", URI), Map.entry("json-pointer", "(?:/(?:[^~/]|~[01])*)*"));
    private static final Set<String> ANYTHING = Set.of("float", "double", "password", "byte", "binary", "string", "text", "markdown");

    private Formats() {
    }

    private static String hours() {
        return "(?:" + N + "H(?:" + N + "M(?:" + N + "S)?)?|" + N + "M(?:" + N + "S)?|" + N + "S)";
    }

    private static String ipv6() {
        final String group = HEX + "{1,4}";
        final StringBuilder forms = new StringBuilder("(?:" + group + ":){7}" + group + "|:(?:(?::" + group + "){1,7}|:)|(?:" + group + ":){1,7}:");
        for (int before = 1; before <= 6; before++) {
            forms.append("|(?:").append(group).append(":){1,").append(7 - before).append("}(?::").append(group).append("){").append(before).append('}');
        }
        return forms.toString();
    }

    /** @return null where the format is not known */
    static String regex(final String name) {
        return REGEXES.get(name);
    }

    static boolean saysNothing(final String name) {
        return ANYTHING.contains(name);
    }

    static boolean isOfNumbers(final String name) {
        return name.equals("int32") || name.equals("int64");
    }

    /** Bounds that a format of numbers stands for. */
    static void bounds(final String name, final Facets facets) {
        final int bits = name.equals("int32") ? Integer.SIZE - 1 : Long.SIZE - 1;
        final BigDecimal limit = BigDecimal.TWO.pow(bits);
        facets.atLeast(new Facets.Bound(limit.negate(), false));
        facets.atMost(new Facets.Bound(limit.subtract(BigDecimal.ONE), false));
    }
}
