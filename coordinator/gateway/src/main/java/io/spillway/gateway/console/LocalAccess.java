package io.spillway.gateway.console;

import io.spillway.gateway.http.HttpCall;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Set;

/** Whether a call surely comes from a person at this machine, so that it may read the console without a key. */
public final class LocalAccess {
    private static final Set<String> LOCAL_NAMES = Set.of("localhost", "127.0.0.1", "[::1]");

    private LocalAccess() {
    }

    /** @return whether a server bound to {@code host} can be reached from this machine only */
    public static boolean loopback(final String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (final UnknownHostException e) {
            return false;
        }
    }

    /** @return whether the browser believes to talk to this machine: a foreign name that resolves here is an attack */
    public static boolean namesThisMachine(final HttpCall call) {
        final String host = call.header("host").orElse("");
        final int end = host.startsWith("[") ? host.indexOf(']') + 1 : host.indexOf(':');
        return LOCAL_NAMES.contains(end > 0 ? host.substring(0, end) : host);
    }
}
