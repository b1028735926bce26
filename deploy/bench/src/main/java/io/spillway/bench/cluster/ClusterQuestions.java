package io.spillway.bench.cluster;

import com.fasterxml.jackson.databind.JsonNode;

/** What several system tests need to know of a cluster. */
public final class ClusterQuestions {
    /** A system prompt in the model's own domain. */
    public static final String SYSTEM = "You are Brook and help customers of Kelpa.\nRefund window 21 days. Refund limit 300 EUR. "
        + "Final sale items cannot be refunded. If the amount is above the limit, pass it to a human.\nFacts:\n"
        + "- Ganki blanket height: 91 cm\n- Ganki blanket delivery time: 18 days\n- Arza puzzle height: 12 cm";

    private ClusterQuestions() {
    }

    /** @return the node that runs the one request in progress */
    public static String nodeOfRunningRequest(final CommandLineCluster cluster) throws Exception {
        final JsonNode state = cluster.awaitState("a running request", now -> running(now) != null);
        return running(state);
    }

    private static String running(final JsonNode state) {
        for (final JsonNode request : state.get("requests")) {
            if (request.get("state").asText().equals("running") && !request.get("node").asText().isEmpty()) {
                return request.get("node").asText();
            }
        }
        return null;
    }

    /** Waits until the cluster counts that many members of a role. */
    public static void awaitMembers(final CommandLineCluster cluster, final String role, final int count) throws Exception {
        cluster.awaitState(count + " members of role " + role, state -> {
            int found = 0;
            for (final JsonNode member : state.get("members")) {
                found += member.get("role").asText().equals(role) ? 1 : 0;
            }
            return found == count;
        });
    }

    /** @return {@code count} more facts for a system prompt: a long context in the model's own domain */
    public static String facts(final int count) {
        final StringBuilder facts = new StringBuilder();
        for (int i = 0; i < count; i++) {
            facts.append("\n- Sibel suitcase ").append(i).append(" power: ").append(1000 + 7 * i).append(" watts");
        }
        return facts.toString();
    }

    /** @return the node of the request that ended last */
    public static String nodeOfLastRequest(final CommandLineCluster cluster) throws Exception {
        final JsonNode state = cluster.awaitState("a finished request", now -> now.get("requests").size() > 0
            && now.get("requests").get(0).get("state").asText().equals("finished"));
        return state.get("requests").get(0).get("node").asText();
    }

    /** Waits until the store holds that many blocks. */
    public static void awaitStoreBlocks(final CommandLineCluster cluster, final long blocks) throws Exception {
        cluster.awaitState(blocks + " blocks in the store", state -> {
            for (final JsonNode member : state.get("members")) {
                if (member.get("role").asText().equals("store")) {
                    for (final JsonNode tier : member.get("tiers")) {
                        if (tier.get("tier").asText().equals("host")) {
                            return tier.get("used_blocks").asLong() >= blocks;
                        }
                    }
                }
            }
            return false;
        });
    }
}
