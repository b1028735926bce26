package io.spillway.local.plan;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** A plan as a program reads it. */
public final class PlanJson {
    private static final ObjectMapper JSON = new ObjectMapper();

    private PlanJson() {
    }

    /** @return one line of JSON; bytes, seconds and US dollars */
    public static String of(final Plan plan) {
        final ObjectNode line = JSON.createObjectNode();
        final PlannedModel model = plan.model();
        line.put("architecture", model.architecture()).put("layers", model.attention().layers()).put("numbers", model.weights().total())
            .put("active_numbers", model.weights().activeInLayers() + model.weights().headNumbers()).put("weights", plan.stored().label())
            .put("weights_bytes", plan.stored().bytes()).put("weights_exact", plan.stored().exact());
        line.put("kv", plan.load().cache().element().name()).put("kv_bytes_per_token", plan.cacheBytesPerToken()).put("kv_bytes", plan.cacheBytes())
            .put("context", plan.load().contextTokens()).put("concurrency", plan.load().concurrency()).put("output", plan.load().outputTokens())
            .put("prompt_computed", plan.load().computedTokens()).put("measured", false);
        line.putArray("choices").addAll(plan.choices().stream().map(PlanJson::of).toList());
        final ArrayNode misfits = line.putArray("misfits");
        plan.misfits().forEach(each -> misfits.addObject().put("gpu", each.gpu()).put("tp", each.degree()).put("reason", each.reason()));
        plan.cheapest().ifPresent(each -> line.set("cheapest", of(each)));
        plan.cheapestRun().ifPresent(each -> line.set("cheapest_run", of(each)));
        model.notes().forEach(line.putArray("notes")::add);
        return line.toString();
    }

    private static ObjectNode of(final Choice choice) {
        final ObjectNode each = JSON.createObjectNode();
        each.put("gpu", choice.gpu()).put("tp", choice.degree()).put("replicas", choice.replicas()).put("gpus", choice.gpus());
        final GpuMemory memory = choice.memory();
        each.putObject("gpu_bytes").put("weights", memory.weightsBytes()).put("activations", memory.activationBytes()).put("fixed", memory.fixedBytes())
            .put("reserve", memory.reserveBytes()).put("kv", memory.cacheBytes());
        each.put("kv_tokens", choice.cache().tokens()).put("kv_spare_tokens", choice.cache().spareTokens()).put("agents_fit", choice.cache().agents())
            .put("decode_tokens_per_second", choice.speed().decodeTokensPerSecond())
            .put("agent_tokens_per_second", choice.speed().agentTokensPerSecond()).put("prefill_seconds", choice.speed().prefillSeconds())
            .put("run_seconds", choice.speed().runSeconds());
        return each.put("dollars_per_hour", choice.money().perHour()).put("dollars_per_run", choice.money().perRun())
            .put("dollars_per_million_tokens", choice.money().perMillionTokens())
            .put("dollars_per_million_output_tokens", choice.money().perMillionOutputTokens());
    }
}
