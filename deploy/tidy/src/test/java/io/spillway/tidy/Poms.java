package io.spillway.tidy;

import java.nio.file.Path;
import java.util.SortedSet;
import java.util.TreeSet;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/** What the poms of a tree ask for. */
final class Poms {
    private Poms() {
    }

    /** @return {@code group:artifact} of every direct dependency and every build plugin, our own modules left out */
    static SortedSet<String> directDependencies(final SourceTree tree) throws Exception {
        final SortedSet<String> found = new TreeSet<>();
        for (final Path pom : tree.files("pom.xml")) {
            final Element project = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(pom.toFile()).getDocumentElement();
            addAll(project.getElementsByTagName("dependency"), found);
            addAll(project.getElementsByTagName("plugin"), found);
        }
        return found;
    }

    private static void addAll(final NodeList elements, final SortedSet<String> found) {
        for (int i = 0; i < elements.getLength(); i++) {
            final Element element = (Element) elements.item(i);
            final boolean managed = under(element, "dependencyManagement") || under(element, "pluginManagement");
            final String group = text(element, "groupId");
            if (!managed && !group.startsWith("io.spillway")) {
                found.add((group.isEmpty() ? "org.apache.maven.plugins" : group) + ":" + text(element, "artifactId"));
            }
        }
    }

    private static boolean under(final Element element, final String name) {
        for (Node at = element.getParentNode(); at != null; at = at.getParentNode()) {
            if (name.equals(at.getNodeName())) {
                return true;
            }
        }
        return false;
    }

    private static String text(final Element element, final String name) {
        for (Node child = element.getFirstChild(); child != null; child = child.getNextSibling()) {
            if (child.getNodeName().equals(name)) {
                return child.getTextContent().strip();
            }
        }
        return "";
    }
}
