package io.spillway.testkit.gen;

import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.BlockHasher;
import io.spillway.domain.kv.TenantSecret;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.SamplingParams;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** Made-up requests. */
public final class Requests {
    private static final int[] NONE = {};

    private Requests() {
    }

    /** @return a greedy request; its tenant's secret is made from the tenant's name */
    public static GenerationRequest request(
        final String id, final String tenant, final ModelDescriptor model, final int[] promptTokens, final int outputTokensMax) {
        return new GenerationRequest(new RequestId(id), new TenantId(tenant), Optional.empty(), model.id(), root(tenant, model),
            promptTokens, NONE, outputTokensMax, NONE, SamplingParams.GREEDY);
    }

    /** @return the root of a made-up tenant's chains */
    public static BlockHash root(final String tenant, final ModelDescriptor model) {
        final byte[] secret = Arrays.copyOf(tenant.getBytes(StandardCharsets.UTF_8), TenantSecret.BYTES);
        return BlockHasher.root(model.fingerprint(), model.layout(), new TenantSecret(secret));
    }

    /** @return hashes of the full blocks of a request's prompt */
    public static List<BlockHash> chain(final GenerationRequest request, final ModelDescriptor model) {
        return BlockHasher.chain(
            request.chainRoot(), request.promptTokens(), 0, request.promptTokens().length, model.layout().blockTokens());
    }

    /** @return {@code count} tokens below {@code vocabularySize} */
    public static int[] tokens(final RandomGenerator random, final int count, final int vocabularySize) {
        return random.ints(count, 0, vocabularySize).toArray();
    }

    /** @return {@code prefix}, and {@code count} drawn tokens behind it */
    public static int[] extended(final RandomGenerator random, final int[] prefix, final int count, final int vocabularySize) {
        final int[] longer = Arrays.copyOf(prefix, prefix.length + count);
        System.arraycopy(tokens(random, count, vocabularySize), 0, longer, prefix.length, count);
        return longer;
    }
}
