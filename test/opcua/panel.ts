// An operator's panel: a client by encryption, with a certificate of its own.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { OPCUACertificateManager } from "node-opcua-certificate-manager";
import { AttributeIds, MessageSecurityMode, OPCUAClient, SecurityPolicy, UserTokenType } from "node-opcua-client";
import type { ClientSession, DataValue, OPCUAClientOptions } from "node-opcua-client";
import type { StatusCode } from "node-opcua-status-code";
import { DataType } from "node-opcua-variant";

export const CLIENT_URI = "urn:axv-part:test-client";
const DAY_MS = 86_400_000;

export class Panel {
  readonly certificateFile: string;
  readonly #manager: OPCUACertificateManager;
  #client: OPCUAClient | undefined;

  private constructor(folder: string, manager: OPCUACertificateManager) {
    this.certificateFile = join(folder, "panel.pem");
    this.#manager = manager;
  }

  static async create(folder: string): Promise<Panel> {
    const manager = new OPCUACertificateManager({
      rootFolder: join(folder, "panel"),
      automaticallyAcceptUnknownCertificate: true,
      disableFileWatchers: true,
    });
    await manager.initialize();
    const panel = new Panel(folder, manager);
    await manager.createSelfSignedCertificate({
      applicationUri: CLIENT_URI,
      dns: ["localhost"],
      ip: [],
      subject: "/CN=panel",
      startDate: new Date(Date.now() - DAY_MS),
      validity: 100,
      outputFile: panel.certificateFile,
    });
    return panel;
  }

  get keyFile(): string {
    return this.#manager.privateKey;
  }

  get certificate(): Buffer {
    return new X509Certificate(readFileSync(this.certificateFile)).raw;
  }

  /** A session; the one before is over. */
  async login(
    url: string,
    userName: string,
    password: string,
    options: Partial<OPCUAClientOptions> = {},
  ): Promise<ClientSession> {
    await this.logout();
    this.#client = OPCUAClient.create({
      applicationUri: CLIENT_URI,
      certificateFile: this.certificateFile,
      privateKeyFile: this.keyFile,
      clientCertificateManager: this.#manager,
      endpointMustExist: false,
      securityMode: MessageSecurityMode.SignAndEncrypt,
      securityPolicy: SecurityPolicy.Aes256_Sha256_RsaPss,
      connectionStrategy: { maxRetry: 0, initialDelay: 10 },
      ...options,
    });
    await this.#client.connect(url);
    return this.#client.createSession({ type: UserTokenType.UserName, userName, password });
  }

  async logout(): Promise<void> {
    await this.#client?.disconnect();
    this.#client = undefined;
  }

  async end(): Promise<void> {
    await this.logout();
    await this.#manager.dispose();
  }
}

export const readTag = (session: ClientSession, nodeId: string): Promise<DataValue> =>
  session.read({ nodeId, attributeId: AttributeIds.Value });
export const writeInt16 = (session: ClientSession, nodeId: string, value: number): Promise<StatusCode> =>
  session.write({ nodeId, attributeId: AttributeIds.Value, value: { value: { dataType: DataType.Int16, value } } });
export async function plantNamespace(session: ClientSession): Promise<number> {
  return (await session.readNamespaceArray()).indexOf("urn:axv-part:plant");
}
