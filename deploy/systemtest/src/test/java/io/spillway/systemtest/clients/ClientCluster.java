package io.spillway.systemtest.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.bench.cluster.CommandLineCluster;
import io.spillway.systemtest.wire.Exchange;
import io.spillway.systemtest.wire.RecordingProxy;
import io.spillway.systemtest.wire.WireRules;
import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Gives all test classes of a run the same cluster behind the same recording proxy; both end with the run. */
final class ClientCluster implements ParameterResolver {
    /** A cluster and the proxy before it. */
    static final class Running implements AutoCloseable {
        private final CommandLineCluster cluster;
        private final RecordingProxy proxy;

        Running() {
            try {
                cluster = CommandLineCluster.start();
                proxy = RecordingProxy.start(URI.create(cluster.baseUrl()).resolve("/"));
            } catch (final Exception e) {
                throw new IllegalStateException("no cluster to talk to", e);
            }
        }

        String apiKey() {
            return cluster.apiKey();
        }

        /** @return the root of the API for a client of that name, without {@code /v1} */
        String root(final String client) {
            return proxy.root(client);
        }

        /** Holds everything that a client sent and got against the published schemas. */
        void checkWire(final String client) {
            final List<Exchange> exchanges = proxy.exchanges(client);
            assertThat(exchanges).as("exchanges of " + client).isNotEmpty();
            exchanges.forEach(WireRules::check);
        }

        @Override
        public void close() throws Exception {
            proxy.close();
            cluster.close();
        }
    }

    @Override
    public boolean supportsParameter(final ParameterContext parameter, final ExtensionContext context) {
        return parameter.getParameter().getType() == Running.class;
    }

    @Override
    public Object resolveParameter(final ParameterContext parameter, final ExtensionContext context) {
        return context.getRoot().getStore(ExtensionContext.Namespace.create(ClientCluster.class))
            .computeIfAbsent("cluster", _ -> new Running(), Running.class);
    }
}
