import { JudgingRule } from './readiness-rule';
import { APP_RULES } from './rules/app-rules';
import { CONTAINER_RULES } from './rules/container-rules';
import { DATA_RULES } from './rules/data-rules';
import { IMAGE_RULES } from './rules/image-rules';
import { NETWORK_RULES } from './rules/network-rules';

/** All rules. */
export const RULES: readonly JudgingRule[] = [...NETWORK_RULES, ...DATA_RULES, ...APP_RULES, ...IMAGE_RULES, ...CONTAINER_RULES];
