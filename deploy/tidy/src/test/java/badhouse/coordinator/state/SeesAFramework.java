package badhouse.coordinator.state;

import com.tngtech.archunit.core.importer.ClassFileImporter;

/** A core with a foreign type in it. */
public final class SeesAFramework {
    ClassFileImporter framework = new ClassFileImporter();
}
