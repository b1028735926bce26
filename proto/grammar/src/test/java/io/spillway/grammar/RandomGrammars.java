package io.spillway.grammar;

import java.util.Random;

/** Random grammars, small and dense: recursion, ambiguity, rules that can be empty or can never end. */
final class RandomGrammars {
    private RandomGrammars() {
    }

    static String gbnf(final Random random) {
        final StringBuilder text = new StringBuilder();
        final int rules = 1 + random.nextInt(4);
        for (int rule = 0; rule < rules; rule++) {
            text.append(name(rule)).append(" ::= ").append(alternatives(random, rules, 0)).append('\n');
        }
        return text.toString();
    }

    private static String name(final int rule) {
        return rule == 0 ? "root" : "r" + rule;
    }

    private static String alternatives(final Random random, final int rules, final int depth) {
        final StringBuilder text = new StringBuilder();
        for (int branch = random.nextInt(3); branch >= 0; branch--) {
            int part = random.nextInt(4);
            text.append(part == 0 ? "\"\" " : "");
            for (; part > 0; part--) {
                text.append(symbol(random, rules, depth)).append(' ');
            }
            text.append(branch > 0 ? "| " : "");
        }
        return text.toString();
    }

    private static String symbol(final Random random, final int rules, final int depth) {
        final int kind = random.nextInt(depth < 3 ? 9 : 7);
        final String symbol = switch (kind) {
            case 0, 1 -> "\"a\"";
            case 2 -> "\"" + "ab\u00e9c".substring(random.nextInt(4)) + "\"";
            case 3 -> "[ab]";
            case 4 -> "[^a]";
            case 5, 6 -> name(random.nextInt(rules));
            default -> "(" + alternatives(random, rules, depth + 1) + ")";
        };
        final int min = random.nextInt(3);
        return symbol + switch (random.nextInt(14)) {
            case 0 -> "?";
            case 1 -> "*";
            case 2 -> "+";
            case 3 -> "{" + min + "," + (min + random.nextInt(4)) + "}";
            case 4 -> "{" + min + ",}";
            // Long counts of single characters only: the slow matcher has to follow.
            case 5 -> kind < 5 ? "{" + min * 30 + "," + (min * 30 + random.nextInt(90)) + "}" : "";
            default -> "";
        };
    }
}
