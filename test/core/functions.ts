// PSCI function numbers (Arm DEN 0022D §5.1), as guests of the tests call them.
export const PSCI_VERSION = 0x8400_0000;
export const CPU_SUSPEND = 0x8400_0001;
export const CPU_OFF = 0x8400_0002;
export const CPU_ON = 0x8400_0003;
export const AFFINITY_INFO = 0x8400_0004;
export const MIGRATE_INFO_TYPE = 0x8400_0006;
export const SYSTEM_OFF = 0x8400_0008;
export const SYSTEM_RESET = 0x8400_0009;
export const PSCI_FEATURES = 0x8400_000a;
/** The 64-bit variant of those that have one. */
export const SMC64 = 0x4000_0000;
export const CPU_ON_64 = CPU_ON + SMC64;
export const CPU_SUSPEND_64 = CPU_SUSPEND + SMC64;
export const AFFINITY_INFO_64 = AFFINITY_INFO + SMC64;

export const SMCCC_VERSION = 0x8000_0000;
export const SMCCC_ARCH_FEATURES = 0x8000_0001;
