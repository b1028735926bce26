package io.spillway.sdk;

import java.util.concurrent.Flow;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * Answers as reactive streams: every subscriber gets a request of its own, on a virtual thread of its own, which reads no faster than the
 * subscriber asks for parts, so that a slow one holds back the server and not memory. Cancelling ends the request.
 */
final class ChatPublisher implements Flow.Publisher<ChatPart> {
    private final Supplier<ChatStream> calls;

    ChatPublisher(final Supplier<ChatStream> calls) {
        this.calls = calls;
    }

    @Override
    public void subscribe(final Flow.Subscriber<? super ChatPart> subscriber) {
        final Subscription subscription = new Subscription(calls.get(), subscriber);
        subscriber.onSubscribe(subscription);
        Thread.ofVirtual().name("spillway-answer").start(subscription::run);
    }

    /** One subscriber's request. {@code run} belongs to one thread; the others may come from any. */
    private static final class Subscription implements Flow.Subscription {
        private final ChatStream stream;
        private final Flow.Subscriber<? super ChatPart> subscriber;
        private final Semaphore wanted = new Semaphore(0);
        private final AtomicBoolean ended = new AtomicBoolean();
        private volatile IllegalArgumentException misuse;

        Subscription(final ChatStream stream, final Flow.Subscriber<? super ChatPart> subscriber) {
            this.stream = stream;
            this.subscriber = subscriber;
        }

        @Override
        public void request(final long count) {
            if (count < 1) {
                misuse = new IllegalArgumentException("at least one part must be asked for: " + count);
                wanted.release();
                return;
            }
            // More than can ever come is as good as everything.
            wanted.release((int) Math.min(count, Integer.MAX_VALUE / 2 - wanted.availablePermits()));
        }

        @Override
        public void cancel() {
            ended.set(true);
            stream.close();
            wanted.release();
        }

        void run() {
            try (stream) {
                while (!ended.get()) {
                    wanted.acquire();
                    if (misuse != null) {
                        throw misuse;
                    }
                    if (!ended.get()) {
                        step();
                    }
                }
            } catch (final InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (final RuntimeException e) {
                if (ended.compareAndSet(false, true)) {
                    subscriber.onError(e);
                }
            }
        }

        private void step() {
            if (!stream.hasNext()) {
                if (ended.compareAndSet(false, true)) {
                    subscriber.onComplete();
                }
                return;
            }
            final ChatPart part = stream.next();
            subscriber.onNext(part);
            if (part instanceof ChatPart.Done && ended.compareAndSet(false, true)) {
                subscriber.onComplete();
            }
        }
    }
}
