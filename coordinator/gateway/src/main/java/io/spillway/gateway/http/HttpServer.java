package io.spillway.gateway.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.NanoClock;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/** An HTTP/1.1 and HTTP/2 server, plain or over TLS. Event loops move bytes; each request is answered on a virtual thread of its own. */
public final class HttpServer implements AutoCloseable {

    private final ServerLine line;
    private final Protocols protocols;
    private final Optional<ReloadingTls> tls;
    private final EventLoopGroup loops;
    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicLong refusedConnections = new AtomicLong();
    private final Channel listening;

    /**
     * What the server serves.
     *
     * @param ids      new request ids; any thread
     * @param answered told the status of every answer that begins; any thread
     * @param spooling which bodies go to files
     */
    public record Parts(
        HttpHandler handler, ErrorRenderer errors, Supplier<String> ids, IntConsumer answered, NanoClock clock,
        BodySpooling spooling) {
        /** All bodies are held in memory. */
        public Parts(
            final HttpHandler handler, final ErrorRenderer errors, final Supplier<String> ids, final IntConsumer answered,
            final NanoClock clock) {
            this(handler, errors, ids, answered, clock, BodySpooling.NONE);
        }
    }

    private HttpServer(final HttpServerConfig config, final Parts parts) {
        this.line = new ServerLine(config, parts);
        this.protocols = new Protocols(line);
        this.tls = config.tls().map(ReloadingTls::open);
        this.loops = new MultiThreadIoEventLoopGroup(
            config.ioThreads(), new DefaultThreadFactory("gateway-io", true), NioIoHandler.newFactory());
        this.listening = listen(config);
    }

    /**
     * Listens and serves.
     *
     * @throws SpillwayException {@code INVALID_CONFIG} when the address cannot be bound, or certificate and key cannot be used
     */
    public static HttpServer start(final HttpServerConfig config, final Parts parts) {
        return new HttpServer(config, parts);
    }

    private Channel listen(final HttpServerConfig config) {
        final ServerBootstrap bootstrap = new ServerBootstrap().group(loops).channel(NioServerSocketChannel.class)
            .option(ChannelOption.SO_BACKLOG, 1024)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(new ChannelInitializer<SocketChannel>() {
                @Override
                protected void initChannel(final SocketChannel channel) {
                    accept(channel);
                }
            });
        final var bound = bootstrap.bind(config.host(), config.port()).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            tls.ifPresent(ReloadingTls::close);
            loops.shutdownGracefully(0, 0, TimeUnit.MILLISECONDS);
            throw new SpillwayException(ErrorCode.INVALID_CONFIG, "cannot listen on " + config.host() + ":" + config.port()
                + ": " + reason(bound.cause()), bound.cause());
        }
        return bound.channel();
    }

    private static String reason(final Throwable cause) {
        return cause instanceof IOException && cause.getMessage() != null ? cause.getMessage() : String.valueOf(cause);
    }

    private void accept(final SocketChannel channel) {
        final int open = connections.incrementAndGet();
        channel.closeFuture().addListener(closed -> connections.decrementAndGet());
        if (open > line.config().connectionsMax()) {
            refuse(channel);
            return;
        }
        channels.add(channel);
        if (tls.isPresent()) {
            protocols.secure(channel.pipeline(), tls.get().current());
        } else {
            protocols.plain(channel.pipeline());
        }
    }

    private void refuse(final SocketChannel channel) {
        refusedConnections.incrementAndGet();
        if (tls.isPresent()) {
            channel.close();
            return;
        }
        final HttpAnswer answer = line.refusal(
            new SpillwayException(ErrorCode.OVERLOADED, "This server has too many connections; try again"));
        final byte[] head = ("HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\n"
            + "connection: close\r\ncontent-length: " + answer.body().length + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
        channel.writeAndFlush(Unpooled.wrappedBuffer(head, answer.body())).addListener(ChannelFutureListener.CLOSE);
    }

    /** @return the port that is listened on */
    public int port() {
        return ((InetSocketAddress) listening.localAddress()).getPort();
    }

    /** @return open connections */
    public int connections() {
        return connections.get();
    }

    /** @return connections refused because there were too many */
    public long refusedConnections() {
        return refusedConnections.get();
    }

    /** @return streams cut because their client was there and took nothing */
    public long stalledClients() {
        return line.stalledClients();
    }

    /** @return requests given up because they came in too slowly */
    public long lateRequests() {
        return line.lateRequests();
    }

    /** @return bytes of request bodies held now */
    public long bodyBytes() {
        return line.bodies().reservedBytes();
    }

    /** Stops listening, lets running requests finish for the configured time, then cuts what is left. Blocks. */
    @Override
    public void close() {
        listening.close().awaitUninterruptibly();
        line.beginDrain();
        channels.forEach(Http2Connection::announceEnd);
        line.drain();
        channels.close().awaitUninterruptibly();
        line.awaitHandlers();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
        tls.ifPresent(ReloadingTls::close);
    }
}
