package io.spillway.coordinator.server;

import io.spillway.config.Default;
import io.spillway.config.Doc;
import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.GenerationDefaults;
import io.spillway.domain.request.SamplingSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** Configuration of one coordinator replica. */
@Doc("One coordinator replica: it serves clients over HTTP and gRPC, and holds a copy of the replicated state.")
public record CoordinatorConfig(
    @Doc("Name of this replica; one of `peers`.") String id,
    @Doc("Directory of the replicated log and its snapshots.") Path dataDir,
    @Doc("All replicas of the group, this one included: 1, 3 or 5.") List<Peer> peers,
    Http http,
    @Doc("Where the gRPC services for nodes and SDK clients listen; port 0 takes any free one.")
    @Default("127.0.0.1:7600") Listen rpc,
    @Doc("Models to tokenize for. A node must serve a model before requests for it succeed.") List<Model> models,
    Bootstrap bootstrap,
    Lease lease,
    Limits limits,
    Files files,
    Batches batches,
    Responses responses) {

    public CoordinatorConfig {
        final String self = id;
        peers = List.copyOf(peers);
        models = List.copyOf(models);
        if (peers.stream().noneMatch(peer -> peer.id().equals(self))) {
            throw new IllegalArgumentException("peers must name this replica, '" + id + "'");
        }
    }

    /** A replica of the group. */
    @Doc("A replica of the group.")
    public record Peer(
        @Doc("Name of the replica.") String id,
        @Doc("Where its Raft listens.") Endpoint raft) {
    }

    /** An address to listen on, where port 0 is any. */
    public record Listen(String host, int port) {
        public Listen {
            if (host.isBlank() || port < 0 || port > 65535) {
                throw new IllegalArgumentException("not an address to listen on: " + host + ":" + port);
            }
        }

        /** @param text {@code host:port} */
        public static Listen parse(final String text) {
            final int colon = text.lastIndexOf(':');
            if (colon < 1 || !text.substring(colon + 1).matches("\\d{1,5}")) {
                throw new IllegalArgumentException("expected host:port, got '" + text + "'");
            }
            return new Listen(text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
        }

        @Override
        public String toString() {
            return host + ":" + port;
        }
    }

    /** The HTTP facade. */
    @Doc("The HTTP facade: OpenAI API, console, metrics.")
    public record Http(
        @Doc("Address to listen on; port 0 takes any free one.") @Default("127.0.0.1:8080") Listen listen,
        @Doc("Largest request body, as it comes and unpacked.") @Default("32MiB") long bodyMaxBytes,
        @Doc("Most open connections, and most requests at once; one more is refused.") @Default("4096") int connectionsMax,
        @Doc("Most HTTP/2 streams open on one connection.") @Default("128") int streamsMax,
        @Doc("A request's head, or a TLS handshake, must be complete within this.") @Default("15s") Duration headTimeout,
        @Doc("A connection without a request is closed after this.") @Default("120s") Duration idleTimeout,
        @Doc("A client that takes nothing of its answer for this long is given up.") @Default("60s") Duration stallTimeout,
        @Doc("How long running requests may go on when the replica is stopped.") @Default("10s") Duration drainTimeout,
        @Doc("Whether streams of events are compressed for clients that take it; whole answers are.")
        @Default("false") boolean compressStreams,
        Optional<Tls> tls) {

        /** @return the same, listening elsewhere */
        public Http at(final Listen other) {
            return new Http(other, bodyMaxBytes, connectionsMax, streamsMax, headTimeout, idleTimeout, stallTimeout,
                drainTimeout, compressStreams, tls);
        }
    }

    /** The facade's identity. */
    @Doc("The facade's identity; without it the facade speaks plain HTTP.")
    public record Tls(
        @Doc("With TLS: PEM file of the certificate, followed by those between it and the root.") Path certificate,
        @Doc("With TLS: PEM file of its private key (PKCS#8, no password).") Path key,
        @Doc("How often to look whether the files changed.") @Default("10s") Duration checkInterval) {
    }

    /** A model as clients name it. */
    @Doc("A model as clients name it, with what it costs.")
    public record Model(
        @Doc("Name in requests.") String id,
        @Doc("GGUF file or Hugging Face directory: read for tokenizer, chat template and sampling defaults.") Path path,
        @Doc("US dollars per million prompt tokens that were computed.") @Default("0.10") double promptDollars,
        @Doc("US dollars per million prompt tokens found in a cache.") @Default("0.01") double cachedDollars,
        @Doc("US dollars per million output tokens.") @Default("0.40") double outputDollars,
        @Doc("Share of these prices that requests in batches pay, between 0 and 1.") @Default("0.5") double batchShare,
        @Doc("Policy file for this model's tool calls (JSON); without one they are passed on as the model makes them.")
        Optional<Path> guardrails,
        Optional<Sampling> sampling) {
        public Model {
            if (!(promptDollars >= 0 && cachedDollars >= 0 && outputDollars >= 0)) {
                throw new IllegalArgumentException("prices must not be negative");
            }
            if (!(batchShare >= 0 && batchShare <= 1)) {
                throw new IllegalArgumentException("batch-share must be between 0 and 1");
            }
            sampling.ifPresent(Sampling::defaults); // refuses what is out of range
        }
    }

    /** What holds for a model's requests that do not say it. */
    @Doc("What holds for requests that do not say it themselves; what is not said here is as the model's files say.")
    public record Sampling(
        @Doc("0 takes the likeliest token.") Optional<Double> temperature,
        @Doc("Keep so many of the likeliest tokens; 0 is off.") Optional<Integer> topK,
        @Doc("Keep the fewest tokens whose probability reaches this; 1 is off.") Optional<Double> topP,
        @Doc("Drop tokens less likely than this share of the likeliest; 0 is off.") Optional<Double> minP,
        @Doc("Keep the tokens of the most usual surprise until their probability reaches this; 1 is off.") Optional<Double> typicalP,
        @Doc("Makes tokens of prompt and output less likely; 1 is off.") Optional<Double> repetitionPenalty,
        @Doc("How many of the last tokens that penalty looks at; 0 is all.") Optional<Integer> repetitionWindow,
        @Doc("Most output tokens of an answer.") Optional<Integer> outputTokensMax) {

        /** @return the same in the words of requests; throws IllegalArgumentException naming what is out of its range */
        GenerationDefaults defaults() {
            try {
                return new GenerationDefaults(new SamplingSettings(real(temperature), whole(topK), real(topP), real(minP), real(typicalP),
                    real(repetitionPenalty), whole(repetitionWindow)), whole(outputTokensMax));
            } catch (final SpillwayException e) {
                throw new IllegalArgumentException("sampling: " + e.getMessage(), e);
            }
        }

        private static OptionalDouble real(final Optional<Double> said) {
            return said.isPresent() ? OptionalDouble.of(said.get()) : OptionalDouble.empty();
        }

        private static OptionalInt whole(final Optional<Integer> said) {
            return said.isPresent() ? OptionalInt.of(said.get()) : OptionalInt.empty();
        }
    }

    /** What a new cluster starts with. */
    @Doc("What a new cluster starts with; ignored where it exists already.")
    public record Bootstrap(
        @Doc("Name of the first tenant.") @Default("default") String tenant,
        @Doc("SHA-256, in hexadecimal, of the first tenant's API key.") Optional<String> keySha256) {
    }

    /** Signs of life. */
    @Doc("How long a silent member counts as alive.")
    public record Lease(
        @Doc("A member that no replica hears for this long leaves the cluster.") @Default("10s") Duration duration) {
    }

    /** Bounds of the request line. */
    @Doc("Bounds of the request line.")
    public record Limits(
        @Doc("Requests that may be on one node at a time.") @Default("64") int inFlightPerNode,
        @Doc("Requests that may wait for a node.") @Default("1024") int queuedRequests,
        @Doc("Longest wait for a node.") @Default("60s") Duration queueTimeout,
        @Doc("How long a request waits when no node serves its model.") @Default("10s") Duration noNodeGrace,
        @Doc("Requests per minute of each tenant through this replica; 0 sets no limit.") @Default("0") int requestsPerMinute,
        @Doc("Computed tokens, prompt and output, per minute of each tenant through this replica; 0 sets no limit.")
        @Default("0") long tokensPerMinute,
        @Doc("US dollars that each tenant may spend in all; 0 sets no limit.") @Default("0") double quotaDollars) {
    }

    /** Files of tenants. */
    @Doc("Files of tenants, and the work on batches.")
    public record Files(
        @Doc("Directory that all coordinator replicas share; without one, files and batches are not served.") Optional<Path> directory,
        @Doc("Largest file.") @Default("512MiB") long fileMaxBytes,
        @Doc("Most files of one tenant.") @Default("10000") int tenantFiles,
        @Doc("Most bytes of one tenant's files.") @Default("64GiB") long tenantMaxBytes) {
    }

    /** Batch jobs. */
    @Doc("Batch jobs: run by the leading replica, from idle capacity only.")
    public record Batches(
        @Doc("Most requests of a batch.") @Default("50000") int lines,
        @Doc("Longest line of an input.") @Default("4MiB") long lineMaxBytes,
        @Doc("Batches that run at a time.") @Default("8") int running,
        @Doc("Requests of batches on one node at a time.") @Default("16") int inFlightPerNode) {
    }

    /** What is kept of responses. */
    @Doc("The Responses API: what is kept of responses, and how many run in the background.")
    public record Responses(
        @Doc("Directory in which responses are kept, shared by all coordinator replicas; without one, each replica keeps its own in memory.")
        Optional<Path> directory,
        @Doc("A response that nobody uses for this long is forgotten.") @Default("24h") Duration keptFor,
        @Doc("Most bytes of all kept responses; beyond, the longest unused go.") @Default("256MiB") long maxBytes,
        @Doc("Most bytes of one tenant's.") @Default("64MiB") long tenantMaxBytes,
        @Doc("Responses that one replica runs in the background at a time.") @Default("256") int backgroundRuns,
        @Doc("Most bytes of events that one replica holds for clients that come back to a background response.") @Default("64MiB") long eventsMaxBytes) {
    }
}
