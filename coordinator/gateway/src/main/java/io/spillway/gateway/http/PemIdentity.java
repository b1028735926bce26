package io.spillway.gateway.http;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A certificate with those that vouch for it, and the key that belongs to it. Not to be changed after it was read. */
record PemIdentity(PrivateKey key, X509Certificate[] chain) {
    private static final Pattern KEY = Pattern.compile("-----BEGIN PRIVATE KEY-----\\s+([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
    private static final Pattern OTHER_KEY = Pattern.compile("-----BEGIN ([A-Z ]*)PRIVATE KEY-----");
    private static final Map<String, String> SIGNATURES =
        Map.of("RSA", "SHA256withRSA", "EC", "SHA256withECDSA", "EdDSA", "EdDSA", "RSASSA-PSS", "RSASSA-PSS");

    /**
     * @throws SpillwayException {@code INVALID_CONFIG} when either is not PEM of the right kind, or the key is another certificate's
     */
    static PemIdentity parse(final byte[] certificate, final byte[] key, final HttpServerConfig.TlsFiles files) {
        final X509Certificate[] chain = chain(certificate, files);
        final PrivateKey secret = key(new String(key, StandardCharsets.ISO_8859_1), chain[0].getPublicKey().getAlgorithm(), files);
        if (!belong(secret, chain[0])) {
            throw invalid("key", files.key() + " is not the key of the first certificate in " + files.certificate());
        }
        return new PemIdentity(secret, chain);
    }

    private static SpillwayException invalid(final String field, final String message) {
        return SpillwayException.ofField(ErrorCode.INVALID_CONFIG, "http.tls." + field, message);
    }

    private static X509Certificate[] chain(final byte[] pem, final HttpServerConfig.TlsFiles files) {
        try {
            final X509Certificate[] chain = CertificateFactory.getInstance("X.509")
                .generateCertificates(new ByteArrayInputStream(pem)).toArray(X509Certificate[]::new);
            if (chain.length > 0) {
                return chain;
            }
        } catch (final GeneralSecurityException e) {
            throw invalid("certificate", files.certificate() + " is not a PEM certificate: " + e.getMessage());
        }
        throw invalid("certificate", files.certificate() + " holds no certificate");
    }

    private static PrivateKey key(final String pem, final String algorithm, final HttpServerConfig.TlsFiles files) {
        final Matcher found = KEY.matcher(pem);
        if (!found.find()) {
            final Matcher other = OTHER_KEY.matcher(pem);
            throw invalid("key", other.find()
                ? files.key() + " is a " + other.group(1).toLowerCase(java.util.Locale.ROOT) + "private key; it must be PKCS#8 without a password "
                    + "(openssl pkcs8 -topk8 -nocrypt -in OLD -out NEW)"
                : files.key() + " holds no private key in PEM");
        }
        try {
            final byte[] encoded = Base64.getMimeDecoder().decode(found.group(1));
            return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
        } catch (final GeneralSecurityException | IllegalArgumentException e) {
            throw invalid("key", files.key() + " is not a private key of the certificate's kind, " + algorithm);
        }
    }

    /** Signs something: the JDK would find out only in the first handshake. */
    private static boolean belong(final PrivateKey key, final X509Certificate certificate) {
        final byte[] text = "spillway".getBytes(StandardCharsets.US_ASCII);
        try {
            final Signature signature = Signature.getInstance(SIGNATURES.getOrDefault(key.getAlgorithm(), key.getAlgorithm()));
            signature.initSign(key);
            signature.update(text);
            final byte[] signed = signature.sign();
            signature.initVerify(certificate.getPublicKey());
            signature.update(text);
            return signature.verify(signed);
        } catch (final GeneralSecurityException e) {
            return false;
        }
    }
}
