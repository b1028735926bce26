package io.spillway.gateway.guard;

import io.spillway.gateway.chat.Prompt;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;

/** What was said and called before the answer in question. Immutable; made per request. */
final class Conversation {
    private final StringBuilder said = new StringBuilder();
    private final Map<String, String> variables = new HashMap<>();
    private final List<Earlier> calls = new ArrayList<>();
    private int callsBeforeUser;

    /** A call that was made, with what came back; the result is empty when it is not a JSON object. */
    record Earlier(String tool, Map<String, Object> arguments, Map<String, Object> result) {
    }

    private Conversation() {
    }

    static Conversation of(final Prompt.Messages prompt, final GuardPolicy policy) {
        final Conversation conversation = new Conversation();
        final Map<String, Integer> pending = new HashMap<>();
        for (final Map<String, Object> message : prompt.messages()) {
            conversation.add(message, policy, pending);
        }
        return conversation;
    }

    private void add(final Map<String, Object> message, final GuardPolicy policy, final Map<String, Integer> pending) {
        final String text = text(message.get("content"));
        final String role = String.valueOf(message.get("role"));
        if (role.equals("assistant")) {
            addCalls(message, pending);
            return; // what the model said itself grounds nothing
        }
        said.append(text.toLowerCase(Locale.ROOT)).append('\n');
        if (role.equals("user")) {
            callsBeforeUser = calls.size();
        } else if (role.equals("system")) {
            findVariables(text, policy);
        } else if (role.equals("tool")) {
            final Integer index = pending.remove(String.valueOf(message.get("tool_call_id")));
            if (index != null) {
                final Earlier call = calls.get(index);
                calls.set(index, new Earlier(call.tool(), call.arguments(), Repairs.parse(text).orElse(Map.of())));
            }
        }
    }

    private void addCalls(final Map<String, Object> message, final Map<String, Integer> pending) {
        if (message.get("tool_calls") instanceof List<?> list) {
            for (final Object item : list) {
                if (item instanceof Map<?, ?> call && call.get("function") instanceof Map<?, ?> function) {
                    pending.put(String.valueOf(call.get("id")), calls.size());
                    calls.add(new Earlier(String.valueOf(function.get("name")),
                        Repairs.parse(String.valueOf(function.get("arguments"))).orElse(Map.of()), Map.of()));
                }
            }
        }
    }

    private void findVariables(final String text, final GuardPolicy policy) {
        policy.variables().forEach((name, pattern) -> {
            final Matcher matcher = pattern.matcher(text);
            if (matcher.find()) {
                for (int group = 1; group <= matcher.groupCount(); group++) {
                    if (matcher.group(group) != null) {
                        variables.putIfAbsent(name, matcher.group(group));
                    }
                }
            }
        });
    }

    private static String text(final Object content) {
        final StringBuilder text = new StringBuilder();
        if (content instanceof List<?> parts) {
            parts.forEach(part -> text.append(part instanceof Map<?, ?> map ? String.valueOf(map.get("text")) : "").append('\n'));
        } else if (content != null) {
            text.append(content);
        }
        return text.toString();
    }

    Map<String, String> variables() {
        return variables;
    }

    /** @return whether users, tools or the system said that value, or at least its every number */
    boolean said(final Object value) {
        final String text = String.valueOf(value).toLowerCase(Locale.ROOT).strip();
        if (said.indexOf(text) >= 0) {
            return true;
        }
        final List<String> numbers = java.util.regex.Pattern.compile("\\d{2,}").matcher(text).results().map(found -> found.group()).toList();
        return !numbers.isEmpty() && numbers.stream().allMatch(number -> said.indexOf(number) >= 0);
    }

    /** @return whether users, tools or the system said that text, letter case ignored */
    boolean saidExactly(final String text) {
        return said.indexOf(text.toLowerCase(Locale.ROOT)) >= 0;
    }

    /** @return whether that very call was made since the user spoke last */
    boolean repeats(final String tool, final Map<String, Object> arguments) {
        return calls.subList(callsBeforeUser, calls.size()).stream()
            .anyMatch(call -> call.tool().equals(tool) && call.arguments().toString().equals(arguments.toString()));
    }

    /** @return the latest call of that tool with the same values of those arguments */
    Optional<Earlier> latest(final String tool, final List<String> same, final Map<String, Object> arguments) {
        for (int i = calls.size() - 1; i >= 0; i--) {
            final Earlier call = calls.get(i);
            if (call.tool().equals(tool) && same.stream().allMatch(
                    name -> String.valueOf(call.arguments().get(name)).equals(String.valueOf(arguments.get(name))))) {
                return Optional.of(call);
            }
        }
        return Optional.empty();
    }
}
