package io.spillway.bench.grammar;

import java.util.List;

/** A large schema such as business systems export: an order with dozens of properties, optional ones among them, and nested records. */
final class OrderSchema {
    private static final String ADDRESS = """
        {"type":"object","properties":{"first_name":{"type":["string","null"]},"last_name":{"type":["string","null"]},"company":{"type":["string","null"]},
         "address1":{"type":"string"},"address2":{"type":["string","null"]},"city":{"type":"string"},"zip":{"type":"string","pattern":"^[0-9A-Z -]{3,10}$"},
         "province":{"type":["string","null"]},"country_code":{"type":"string","pattern":"^[A-Z]{2}$"},"phone":{"type":["string","null"]},
         "latitude":{"type":["number","null"]},"longitude":{"type":["number","null"]}},
         "required":["address1","city","zip","country_code"],"additionalProperties":false}""";
    private static final String MONEY = """
        {"type":"object","properties":{"amount":{"type":"string","pattern":"^-?[0-9]{1,12}[.][0-9]{2}$"},"currency":{"enum":["EUR","USD","GBP","CHF","JPY","SEK"]}},
         "required":["amount","currency"],"additionalProperties":false}""";
    private static final String LINE = """
        {"type":"object","properties":{"id":{"type":"integer","minimum":1},"sku":{"type":"string","pattern":"^[A-Z0-9]{3,4}(-[A-Z0-9]{1,6}){0,4}$"},
         "name":{"type":"string","maxLength":255},"quantity":{"type":"integer","minimum":1,"maximum":9999},"price":{"$ref":"#/$defs/money"},
         "tax_rate":{"type":"number","minimum":0,"maximum":1},"taxable":{"type":"boolean"},"gift_card":{"type":"boolean"},
         "properties":{"type":"object","additionalProperties":{"type":"string"}},
         "fulfillment":{"anyOf":[{"type":"null"},{"type":"object","properties":{"status":{"enum":["pending","shipped","delivered","returned"]},
           "tracking":{"type":"string"},"at":{"type":"string","format":"date-time"}},"required":["status","at"],"additionalProperties":false}]},
         "bundle":{"type":"array","items":{"$ref":"#/$defs/line"},"maxItems":20}},
         "required":["id","sku","name","quantity","price"],"additionalProperties":false}""";
    private static final List<String> TEXTS = List.of("name", "note", "gateway", "landing_site", "referring_site", "source_name", "source_identifier", "customer_locale",
        "checkout_token", "cart_token", "browser_ip", "location_name", "user_agent", "reference", "po_number", "app_name", "device_name", "sales_channel");
    private static final List<String> WHOLE = List.of("number", "order_number", "app_id", "user_id", "location_id", "total_weight_grams", "items_count", "device_id");
    private static final List<String> FLAGS = List.of("buyer_accepts_marketing", "confirmed", "taxes_included", "test", "tax_exempt", "duties_included", "unpaid");
    private static final List<String> TIMES = List.of("created_at", "updated_at", "processed_at", "cancelled_at", "closed_at");
    private static final List<String> SUMS = List.of("subtotal", "total", "total_tax", "total_discounts", "total_shipping", "total_tip", "total_outstanding", "total_duties");

    private OrderSchema() {
    }

    static String schema() {
        final StringBuilder properties = new StringBuilder("\"id\":{\"type\":\"string\",\"format\":\"uuid\"},\"email\":{\"type\":\"string\",\"format\":\"email\"}");
        TIMES.forEach(name -> add(properties, name, "{\"type\":\"string\",\"format\":\"date-time\"}"));
        TEXTS.forEach(name -> add(properties, name, "{\"type\":\"string\",\"maxLength\":500}"));
        WHOLE.forEach(name -> add(properties, name, "{\"type\":\"integer\",\"minimum\":0}"));
        FLAGS.forEach(name -> add(properties, name, "{\"type\":\"boolean\"}"));
        SUMS.forEach(name -> add(properties, name, "{\"$ref\":\"#/$defs/money\"}"));
        add(properties, "financial_status", "{\"enum\":[\"pending\",\"authorized\",\"partially_paid\",\"paid\",\"partially_refunded\",\"refunded\",\"voided\"]}");
        add(properties, "fulfillment_status", "{\"enum\":[\"fulfilled\",\"partial\",\"restocked\",null]}");
        add(properties, "tags", "{\"type\":\"array\",\"items\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":40},\"maxItems\":250}");
        add(properties, "billing_address", "{\"$ref\":\"#/$defs/address\"}");
        add(properties, "shipping_address", "{\"$ref\":\"#/$defs/address\"}");
        add(properties, "line_items", "{\"type\":\"array\",\"minItems\":1,\"maxItems\":100,\"items\":{\"$ref\":\"#/$defs/line\"}}");
        add(properties, "attributes", "{\"type\":\"object\",\"additionalProperties\":{\"type\":[\"string\",\"number\",\"boolean\",\"null\"]}}");
        return "{\"$defs\":{\"address\":" + ADDRESS + ",\"money\":" + MONEY + ",\"line\":" + LINE + "},\"type\":\"object\",\"properties\":{" + properties
            + "},\"required\":[\"id\",\"email\",\"created_at\",\"total\",\"line_items\"],\"additionalProperties\":false}";
    }

    private static void add(final StringBuilder properties, final String name, final String schema) {
        properties.append(",\"").append(name).append("\":").append(schema);
    }

    static String order() {
        final String money = "{\"amount\": \"129.90\", \"currency\": \"EUR\"}";
        return "{\"id\": \"3f2504e0-4f89-41d3-9a0c-0305e82c3301\", \"email\": \"ana.lopez@example.com\", \"created_at\": \"2025-11-21T09:12:44Z\", "
            + "\"processed_at\": \"2025-11-21T09:12:45+01:00\", \"note\": \"Please leave the parcel with Frau Müller on the 2nd floor.\", "
            + "\"gateway\": \"card\", \"customer_locale\": \"de-CH\", \"browser_ip\": \"203.0.113.7\", \"order_number\": 48213, \"total_weight_grams\": 2350, "
            + "\"confirmed\": true, \"taxes_included\": true, \"test\": false, \"subtotal\": " + money + ", \"total\": " + money
            + ", \"financial_status\": \"partially_paid\", \"fulfillment_status\": null, \"tags\": [\"wholesale\", \"gift wrap\"], "
            + "\"shipping_address\": {\"first_name\": \"Ana\", \"last_name\": \"López\", \"address1\": \"Bahnhofstrasse 12\", \"city\": \"Zürich\", "
            + "\"zip\": \"8001\", \"country_code\": \"CH\", \"latitude\": 47.3769, \"longitude\": 8.5417}, \"line_items\": [{\"id\": 1, "
            + "\"sku\": \"TEA-EARL-500\", \"name\": \"Earl Grey, loose leaf, 500 g\", \"quantity\": 3, \"price\": " + money + ", \"tax_rate\": 0.077, "
            + "\"taxable\": true, \"properties\": {\"engraving\": \"For Kim\"}, \"fulfillment\": {\"status\": \"shipped\", \"tracking\": \"LX 123 456 789 CH\", "
            + "\"at\": \"2025-11-21T16:00:00Z\"}}], \"attributes\": {\"campaign\": \"autumn\", \"score\": 0.82, \"first\": true}}";
    }
}
