// A client of open62541 (1.4): browses, reads, subscribes and writes, and prints what it was told, a line each. (Lines
// that begin with a bracket are the library's own.)
//
//     open62541_client URL NODES USER PASSWORD CERTIFICATE KEY SERVER_CERTIFICATE    encrypted; USER - : nobody
//     open62541_client URL NODES                                                     not encrypted, and nobody
//
// NODES: a partition of the plant, such as plc.
#include <open62541/client_config_default.h>
#include <open62541/client_highlevel.h>
#include <open62541/client_subscriptions.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APPLICATION_URI "urn:axv-part:test-client"
#define PLANT_URI       "urn:axv-part:plant"
#define PATIENCE        (20 * UA_DATETIME_SEC)

static UA_UInt16 space;
static int told = -1;

static UA_ByteString load(const char *path) {
    UA_ByteString bytes = UA_BYTESTRING_NULL;
    FILE *file = fopen(path, "rb");
    if (file == NULL || UA_ByteString_allocBuffer(&bytes, 1 << 16) != UA_STATUSCODE_GOOD) exit(2);
    bytes.length = fread(bytes.data, 1, 1 << 16, file);
    fclose(file);
    return bytes;
}

static UA_NodeId node(const char *partition, const char *name) {
    static char text[100];
    snprintf(text, sizeof text, "%s.%s", partition, name);
    return UA_NODEID_STRING(space, text);
}

static void tell(const char *what, UA_StatusCode status) { printf("%s: %s\n", what, UA_StatusCode_name(status)); }

static UA_StatusCode child(UA_NodeId id, UA_Boolean is_inverse, UA_NodeId type, void *handle) {
    UA_QualifiedName name;
    const UA_NodeId has_type = UA_NODEID_NUMERIC(0, UA_NS0ID_HASTYPEDEFINITION);
    if (is_inverse || UA_NodeId_equal(&type, &has_type)) return UA_STATUSCODE_GOOD;
    if (UA_Client_readBrowseNameAttribute(handle, id, &name) != UA_STATUSCODE_GOOD) return UA_STATUSCODE_GOOD;
    printf(" %.*s", (int)name.name.length, name.name.data);
    UA_QualifiedName_clear(&name);
    return UA_STATUSCODE_GOOD;
}

static void read_value(UA_Client *client, const char *partition, const char *name) {
    UA_Variant value;
    UA_Variant_init(&value);
    const UA_StatusCode status = UA_Client_readValueAttribute(client, node(partition, name), &value);
    if (status == UA_STATUSCODE_GOOD && UA_Variant_hasScalarType(&value, &UA_TYPES[UA_TYPES_INT16]))
        printf("%s = %d\n", name, *(UA_Int16 *)value.data);
    else tell(name, status);
    UA_Variant_clear(&value);
}

static UA_StatusCode write_value(UA_Client *client, const char *partition, const char *name, UA_Int16 number) {
    UA_Variant value;
    UA_Variant_setScalar(&value, &number, &UA_TYPES[UA_TYPES_INT16]);
    const UA_StatusCode status = UA_Client_writeValueAttribute(client, node(partition, name), &value);
    printf("%s := %d: %s\n", name, number, UA_StatusCode_name(status));
    return status;
}

static void changed(UA_Client *client, UA_UInt32 subscription, void *context, UA_UInt32 item, void *more, UA_DataValue *value) {
    (void)client, (void)subscription, (void)context, (void)item, (void)more;
    if (UA_Variant_hasScalarType(&value->value, &UA_TYPES[UA_TYPES_INT16])) told = *(UA_Int16 *)value->value.data;
}

static void await_value(UA_Client *client, int wanted) {
    const UA_DateTime end = UA_DateTime_nowMonotonic() + PATIENCE;
    while (told != wanted && UA_DateTime_nowMonotonic() < end) UA_Client_run_iterate(client, 100);
    printf("told %d\n", told);
}

int main(int argc, char **argv) {
    UA_Client *client = UA_Client_new();
    UA_ClientConfig *config = UA_Client_getConfig(client);
    const int is_encrypted = argc == 8;
    if (argc != 3 && !is_encrypted) return 2;
    const char *partition = argv[2];
    if (is_encrypted) {
        const UA_ByteString trusted = load(argv[7]);
        tell("keys", UA_ClientConfig_setDefaultEncryption(config, load(argv[5]), load(argv[6]), &trusted, 1, NULL, 0));
        config->securityMode = UA_MESSAGESECURITYMODE_SIGNANDENCRYPT;
        config->securityPolicyUri = UA_STRING_ALLOC("http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256");
    } else tell("no keys", UA_ClientConfig_setDefault(config));
    UA_String_clear(&config->clientDescription.applicationUri);
    config->clientDescription.applicationUri = UA_STRING_ALLOC(APPLICATION_URI);

    const int is_named = is_encrypted && strcmp(argv[3], "-") != 0;
    const UA_StatusCode connected =
        is_named ? UA_Client_connectUsername(client, argv[1], argv[3], argv[4]) : UA_Client_connect(client, argv[1]);
    tell("connected", connected);
    if (connected != UA_STATUSCODE_GOOD) return 1;
    UA_String plant = UA_STRING(PLANT_URI);
    tell("namespace", UA_Client_NamespaceGetIndex(client, &plant, &space));

    printf("browsed:");
    static char folder[100];
    snprintf(folder, sizeof folder, "%s/GlobalVars", partition);
    UA_Client_forEachChildNodeCall(client, UA_NODEID_STRING(space, folder), child, client);
    printf("\n");
    read_value(client, partition, "Setpoint");
    const UA_CreateSubscriptionResponse made =
        UA_Client_Subscriptions_create(client, UA_CreateSubscriptionRequest_default(), NULL, NULL, NULL);
    tell("subscribed", made.responseHeader.serviceResult);
    const UA_MonitoredItemCreateRequest item = UA_MonitoredItemCreateRequest_default(node(partition, "Setpoint"));
    const UA_MonitoredItemCreateResult monitored = UA_Client_MonitoredItems_createDataChange(
        client, made.subscriptionId, UA_TIMESTAMPSTORETURN_BOTH, item, NULL, changed, NULL);
    tell("monitored", monitored.statusCode);
    await_value(client, 20);
    if (write_value(client, partition, "Setpoint", 33) == UA_STATUSCODE_GOOD) await_value(client, 33);
    write_value(client, partition, "Setpoint", 101);
    write_value(client, partition, "Mode", 1);
    write_value(client, partition, "Level", 1);
    read_value(client, partition, "Setpoint");
    tell("left", UA_Client_disconnect(client));
    UA_Client_delete(client);
    return 0;
}
