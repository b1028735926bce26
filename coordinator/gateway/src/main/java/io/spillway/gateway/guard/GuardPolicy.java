package io.spillway.gateway.guard;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * An operator's policy for one model.
 *
 * @param attemptsMax times the model is asked at most, 1 to 8
 * @param repair      whether arguments that are plainly meant are put right without asking again
 * @param onFailure   what happens after the last attempt
 * @param variables   values found in the system message: a pattern's first group that matched
 * @param rules       what calls and answers must respect
 */
public record GuardPolicy(int attemptsMax, boolean repair, OnFailure onFailure, Map<String, Pattern> variables, Rules rules) {
    private static final int ATTEMPTS_MAX = 8;
    private static final int ATTEMPTS_DEFAULT = 3;
    private static final JsonMapper JSON = new JsonMapper();

    /**
     * What calls and answers must respect.
     *
     * @param tools    contracts by tool name
     * @param keptBack tools that the model is not told of
     * @param claims   what answers may say only if it is so
     */
    record Rules(Map<String, ToolContract> tools, Set<String> keptBack, List<Claim> claims) {
        Rules {
            tools = Map.copyOf(tools);
            keptBack = Set.copyOf(keptBack);
            claims = List.copyOf(claims);
        }
    }

    /** What happens to a request whose last attempt broke the policy too. */
    public enum OnFailure {
        /** The client gets the calls as the model made them. */
        PASS,
        /** The client gets the answer without its calls. */
        WITHHOLD,
        /** The request fails. */
        REFUSE
    }

    public GuardPolicy {
        variables = Map.copyOf(variables);
        if (attemptsMax < 1 || attemptsMax > ATTEMPTS_MAX) {
            throw new IllegalArgumentException("attempts must be 1 to " + ATTEMPTS_MAX + ": " + attemptsMax);
        }
    }

    /** @return what calls of that tool must respect, under whatever name the policy knows it */
    ToolContract contract(final String tool, final ToolNames names) {
        return names.meaning(tool, rules.tools().keySet()).map(rules.tools()::get).orElse(ToolContract.NONE);
    }

    /**
     * Reads a policy file (JSON).
     *
     * @throws SpillwayException {@code INVALID_CONFIG} naming the file and the place in it
     */
    public static GuardPolicy read(final Path file) {
        try {
            return parse(Files.readString(file));
        } catch (final JsonProcessingException e) {
            throw new SpillwayException(ErrorCode.INVALID_CONFIG, "guardrails " + file + ": not JSON: " + e.getOriginalMessage(), e);
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_CONFIG, "guardrails " + file + " cannot be read: " + e.getMessage(), e);
        } catch (final IllegalArgumentException e) {
            throw new SpillwayException(ErrorCode.INVALID_CONFIG, "guardrails " + file + ": " + e.getMessage(), e);
        }
    }

    static GuardPolicy parse(final String json) throws JsonProcessingException {
        final JsonNode root = JSON.readTree(json);
        onlyKeys(root, "", "attempts", "repair", "onFailure", "variables", "tools", "claims");
        final Map<String, Pattern> variables = new HashMap<>();
        root.path("variables").properties().forEach(entry -> variables.put(entry.getKey(), pattern(entry.getKey(), entry.getValue().asText())));
        final Map<String, ToolContract> contracts = new HashMap<>();
        final Set<String> keptBack = new HashSet<>();
        root.path("tools").properties().forEach(entry -> {
            contracts.put(entry.getKey(), contract("tools." + entry.getKey(), entry.getValue()));
            if (!entry.getValue().path("offered").asBoolean(true)) {
                keptBack.add(entry.getKey());
            }
        });
        final List<Claim> claims = new ArrayList<>();
        root.path("claims").forEach(node -> claims.add(claim("claims[" + claims.size() + "]", node)));
        return new GuardPolicy(root.path("attempts").asInt(ATTEMPTS_DEFAULT), root.path("repair").asBoolean(true),
            onFailure(root.path("onFailure").asText("pass")), variables, new Rules(contracts, keptBack, claims));
    }

    private static OnFailure onFailure(final String text) {
        return Arrays.stream(OnFailure.values()).filter(value -> value.name().equalsIgnoreCase(text)).findFirst().orElseThrow(
            () -> new IllegalArgumentException("onFailure is '" + text + "'; pass, withhold and refuse are known"));
    }

    private static Pattern pattern(final String name, final String text) {
        final Pattern pattern = compiled("variables." + name, text, Pattern::compile);
        if (pattern.matcher("").groupCount() < 1) {
            throw new IllegalArgumentException("variables." + name + ": the pattern has no group");
        }
        return pattern;
    }

    private static Pattern compiled(final String at, final String text, final Function<String, Pattern> compiler) {
        try {
            return compiler.apply(text);
        } catch (final PatternSyntaxException e) {
            throw new IllegalArgumentException(at + ": " + e.getDescription(), e);
        }
    }

    private static Claim claim(final String at, final JsonNode node) {
        onlyKeys(node, at, "pattern", "grounded", "said", "unsaid", "requires", "otherwise");
        if (node.path("pattern").asText("").isEmpty()) {
            throw new IllegalArgumentException(at + " has no pattern");
        }
        return new Claim(compiled(at + ".pattern", node.path("pattern").asText(), Claim::compile), rules(at, node),
            node.has("otherwise") ? Optional.of(node.path("otherwise").asText()) : Optional.empty());
    }

    private static ToolContract contract(final String at, final JsonNode node) {
        onlyKeys(node, at, "offered", "grounded", "said", "unsaid", "unrepeated", "requires");
        return rules(at, node);
    }

    private static ToolContract rules(final String at, final JsonNode node) {
        final List<ToolContract.Requirement> requirements = new ArrayList<>();
        node.path("requires").forEach(requirement -> requirements.add(requirement(at + ".requires[" + requirements.size() + "]", requirement)));
        return new ToolContract(texts(node.path("grounded")), texts(node.path("said")), texts(node.path("unsaid")),
            node.path("unrepeated").asBoolean(false), requirements);
    }

    private static ToolContract.Requirement requirement(final String at, final JsonNode node) {
        onlyKeys(node, at, "when", "call", "same", "where", "say", "instead");
        return new ToolContract.Requirement(conditions(node.path("when")), node.path("call").asText(""), texts(node.path("same")),
            conditions(node.path("where")), new ToolContract.Otherwise(node.path("say").asText(""),
                node.has("instead") ? Optional.of(instead(at + ".instead", node.path("instead"))) : Optional.empty()));
    }

    private static ToolContract.Instead instead(final String at, final JsonNode node) {
        onlyKeys(node, at, "call", "with");
        if (node.path("call").asText("").isEmpty()) {
            throw new IllegalArgumentException(at + " names no call");
        }
        return new ToolContract.Instead(node.path("call").asText(), Repairs.parse(node.path("with").toString()).orElse(Map.of()));
    }

    private static void onlyKeys(final JsonNode node, final String at, final String... keys) {
        final String place = at.isEmpty() ? "the policy" : at;
        if (!node.isObject()) {
            throw new IllegalArgumentException(place + " is no object");
        }
        node.fieldNames().forEachRemaining(name -> {
            if (!Set.of(keys).contains(name)) {
                throw new IllegalArgumentException(place + " has an unknown key '" + name + "'; known are " + String.join(", ", keys));
            }
        });
    }

    private static List<Condition> conditions(final JsonNode list) {
        return texts(list).stream().map(Condition::parse).toList();
    }

    private static List<String> texts(final JsonNode list) {
        final List<String> texts = new ArrayList<>();
        list.forEach(item -> texts.add(item.asText()));
        return texts;
    }
}
