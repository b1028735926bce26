package io.spillway.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The value of a record component whose key a config file leaves out, written as in the file: {@code @Default("200ms")}.
 * A component without it must be given, except nested records (built from their own defaults), {@code Optional}, {@code List} and
 * {@code Map} (empty).
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Default {
    /** @return YAML text of the value */
    String value();
}
