package io.spillway.bench.front;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

/** A server that answers every request at once with the same bytes: what a proxy of it costs is the proxy's. Prints its port. */
final class StubEngineMain {
    private StubEngineMain() {
    }

    /** Serves until standard input ends. */
    public static void main(final String[] args) throws Exception {
        final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
        final var listening = new ServerBootstrap().group(loops).channel(NioServerSocketChannel.class)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(new ChannelInitializer<SocketChannel>() {
                @Override
                protected void initChannel(final SocketChannel channel) {
                    channel.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(1 << 20), new Answerer());
                }
            }).bind("127.0.0.1", 0).sync().channel();
        System.out.println(((InetSocketAddress) listening.localAddress()).getPort());
        while (System.in.read() >= 0) {
            Thread.onSpinWait();
        }
        System.exit(0);
    }

    /** One connection. */
    private static final class Answerer extends SimpleChannelInboundHandler<FullHttpRequest> {
        private static final byte[] EVENT = StubAnswers.event();
        private static final byte[] WHOLE = StubAnswers.whole();

        @Override
        protected void channelRead0(final ChannelHandlerContext ctx, final FullHttpRequest request) {
            if (request.content().toString(StandardCharsets.US_ASCII).contains("\"stream\":true")) {
                stream(ctx);
                return;
            }
            final DefaultFullHttpResponse whole =
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK, Unpooled.wrappedBuffer(WHOLE));
            whole.headers().set("content-type", "application/json").setInt("content-length", WHOLE.length);
            ctx.writeAndFlush(whole);
        }

        private static void stream(final ChannelHandlerContext ctx) {
            final DefaultHttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
            head.headers().set("content-type", "text/event-stream");
            HttpUtil.setTransferEncodingChunked(head, true);
            ctx.write(head);
            for (int i = 0; i < StubAnswers.TOKENS; i++) {
                ctx.writeAndFlush(new DefaultHttpContent(Unpooled.wrappedBuffer(EVENT)));
            }
            ctx.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
        }
    }
}
