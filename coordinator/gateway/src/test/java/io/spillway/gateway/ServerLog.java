package io.spillway.gateway;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.netty.util.ResourceLeakDetector;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/** Hears what is logged at warning or above, leaks of buffers included, while it is open. */
final class ServerLog extends AppenderBase<ILoggingEvent> implements AutoCloseable {
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    private final ResourceLeakDetector.Level before = ResourceLeakDetector.getLevel();

    ServerLog() {
        setContext(root.getLoggerContext());
        start();
        root.addAppender(this);
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
    }

    @Override
    protected void append(final ILoggingEvent event) {
        if (event.getLevel().isGreaterOrEqual(Level.WARN)) {
            lines.add(event.getLoggerName() + " " + event.getFormattedMessage());
        }
    }

    /** Leaks are found when what leaked was collected and another buffer is made. */
    List<String> lines() {
        for (int i = 0; i < 3; i++) {
            System.gc();
            for (int made = 0; made < 100; made++) {
                io.netty.buffer.ByteBufAllocator.DEFAULT.directBuffer(16).release();
                io.netty.buffer.ByteBufAllocator.DEFAULT.heapBuffer(16).release();
            }
        }
        return List.copyOf(lines);
    }

    @Override
    public void close() {
        ResourceLeakDetector.setLevel(before);
        root.detachAppender(this);
    }
}
